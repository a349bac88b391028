using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>When a table is due for a snapshot of its own accord.</summary>
/// <param name="LogByteCount">Log that a restart may have to replay, all shards together; more when the newest snapshot is larger, so that snapshots never write more than the log does. Unit: bytes.</param>
/// <param name="Interval">Longest time that a write waits for the next snapshot.</param>
public sealed record SnapshotPolicy(long LogByteCount, TimeSpan Interval)
{
    /// <summary>Whether it is time.</summary>
    /// <param name="table">Under a lease.</param>
    /// <param name="started">When the server began to serve: stands for the time of a snapshot that is not there.</param>
    /// <param name="now">Now.</param>
    public bool IsDue(Table table, DateTimeOffset started, DateTimeOffset now)
    {
        if (table.Shards.Any(static slot => slot.IsRecovering))
        {
            return false;
        }

        List<Shard> shards = [.. table.Shards.Select(static slot => slot.Opened).OfType<Shard>()];
        long unsaved = shards.Sum(static shard => shard.UnsavedByteCount);
        if (unsaved == 0 || !shards.TrueForAll(static shard => shard.AcceptsWrites))
        {
            return false;
        }

        DateTimeOffset last = shards.Max(static shard => shard.SnapshotAt) ?? started;
        return unsaved >= Math.Max(LogByteCount, shards.Sum(static shard => shard.SnapshotByteCount)) || now - last >= Interval;
    }
}
