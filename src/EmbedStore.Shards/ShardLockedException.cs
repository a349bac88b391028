namespace EmbedStore.Shards;

/// <summary>Another owner has the shard open: another process, or this one a second time.</summary>
public sealed class ShardLockedException : Exception
{
    internal ShardLockedException(string folder)
        : base($"The shard in {folder} is open elsewhere.") => Folder = folder;

    /// <summary>The shard's folder.</summary>
    public string Folder { get; }
}
