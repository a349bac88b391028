namespace EmbedStore.Serving;

/// <summary>The shards that this server owns: what makes it their owner calls this, and whoever asks for their rows looks here.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IShardHost
{
    /// <summary>Every shard of every table that there is, owned by whomever: what somebody should own.</summary>
    IReadOnlyList<ShardKey> All { get; }

    /// <summary>The shards that are taken here.</summary>
    IReadOnlyList<ShardKey> Taken { get; }

    /// <summary>Takes a shard over, whoever had it before: its files are claimed and read from now on, and it serves as soon as that is done. Returns at once.</summary>
    /// <returns>False: there is no such shard, or no longer.</returns>
    bool Take(ShardKey shard);

    /// <summary>Opens a shard again that was taken and could not be opened. Without effect on any other, also on one that another server has claimed since: that one may be right.</summary>
    void Retry(ShardKey shard);

    /// <summary>Shortens the way of the next owner, while this one serves on: a snapshot, so that little log is left to read.</summary>
    Task PrepareHandOverAsync(ShardKey shard, CancellationToken cancellation);

    /// <summary>Lets go of a shard: what was accepted is committed, the files are closed when this returns. Without effect for a shard that is not taken.</summary>
    Task ReleaseAsync(ShardKey shard);
}
