namespace EmbedStore.Shards;

/// <summary>Asks for room before anything is written.</summary>
internal static class SpaceGuard
{
    /// <exception cref="DiskFullException">Less than the reserve would be left.</exception>
    public static void Require(ShardOptions options, string folder, long byteCount)
    {
        if (options.Disk.FreeByteCount(folder) - byteCount < options.ReserveByteCount)
        {
            throw new DiskFullException(folder);
        }
    }
}
