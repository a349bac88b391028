namespace EmbedStore.Shards;

/// <summary>CRC-32C of every sector that was written to a scratch file, kept in memory: 4 bytes for 512.</summary>
/// <remarks>
/// A row's own checksum does not cover FASTER's key and chain: with one bit of those wrong a row would read as never written.
/// Any number of threads; nobody reads a sector before its write is done.
/// </remarks>
internal sealed class SectorChecksums(long fileByteCount)
{
    public const int SectorByteCount = 512;
    private const int SectorsPerBlock = 2048;

    // 0 in a block: the sector was never written.
    private readonly uint[]?[] _blocks = new uint[]?[(fileByteCount / SectorByteCount / SectorsPerBlock) + 1];

    /// <summary>Remembers what is being written.</summary>
    /// <param name="bytes">Whole sectors.</param>
    /// <param name="offset">Start of a sector.</param>
    public void Remember(ReadOnlySpan<byte> bytes, long offset)
    {
        for (long sector = offset / SectorByteCount; !bytes.IsEmpty; sector++, bytes = bytes[SectorByteCount..])
        {
            ref uint[]? block = ref _blocks[sector / SectorsPerBlock];
            (block ?? Interlocked.CompareExchange(ref block, new uint[SectorsPerBlock], null) ?? block)[sector % SectorsPerBlock] = Of(bytes);
        }
    }

    /// <summary>Whether every sector is as it was written. One that never was passes.</summary>
    public bool Check(ReadOnlySpan<byte> bytes, long offset)
    {
        for (long sector = offset / SectorByteCount; !bytes.IsEmpty; sector++, bytes = bytes[SectorByteCount..])
        {
            uint known = _blocks[sector / SectorsPerBlock]?[sector % SectorsPerBlock] ?? 0;
            if (known != 0 && known != Of(bytes))
            {
                return false;
            }
        }

        return true;
    }

    private static uint Of(ReadOnlySpan<byte> bytes) => Math.Max(Crc32C.Append(0, bytes[..SectorByteCount]), 1);
}
