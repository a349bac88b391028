namespace EmbedStore.Shards;

/// <summary>A file of a shard does not hold what was written to it, and it is not the unfinished end that a crash leaves. The shard is not served.</summary>
/// <remarks>Nothing was changed in the files: they are evidence, and a copy of them elsewhere may be whole.</remarks>
public class ShardDamagedException : Exception
{
    internal ShardDamagedException(string file, long byteOffset, string reason)
        : base(FormattableString.Invariant($"{file} is damaged at byte {byteOffset}: {reason}"))
    {
        File = file;
        ByteOffset = byteOffset;
        Reason = reason;
    }

    /// <summary>Full path of the file, or of the scratch folder when a row page is damaged (reopening rebuilds that).</summary>
    public string File { get; }

    /// <summary>Where the first thing that does not check begins. Unit: bytes from the start of the file; -1 when it is not known.</summary>
    public long ByteOffset { get; }

    /// <summary>What does not check there. One English sentence.</summary>
    public string Reason { get; }
}
