namespace EmbedStore.Shards;

/// <summary>A write failed because the device or the quota has no room.</summary>
public sealed class DiskFullException(string path, Exception? inner = null)
    : IOException($"No room to write {path}.", inner);
