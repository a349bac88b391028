using System.Buffers.Binary;
using System.Globalization;

namespace EmbedStore.Shards;

/// <summary>What an owner found when it took the shard over: the file <c>takeover-000000000007</c>. It decides for all later owners which bytes of earlier ones count.</summary>
/// <param name="Identity">Of the shard.</param>
/// <param name="Epoch">Of the owner.</param>
/// <param name="LastLsn">Of the newest record that it took over; 0 for none.</param>
/// <param name="Segments">Of earlier owners, oldest first, and up to where each counts.</param>
/// <param name="Snapshots">Of earlier owners.</param>
/// <remarks>
/// The file: magic, format version u32, segments i32, identity, epoch i64, LSN i64, snapshots i32, 4 bytes 0, then LSN, epoch and length of each segment, id and epoch of each snapshot, CRC-32C u32.
/// Little-endian. Immutable.
/// </remarks>
internal sealed record TakeOverRecord(Guid Identity, long Epoch, long LastLsn, IReadOnlyList<SealedSegment> Segments, IReadOnlyList<SnapshotName> Snapshots)
{
    private const string Prefix = "takeover-";
    private const ulong Magic = 0x314B415445424D45; // "EMBETAK1"
    private const uint Version = 1;
    private const int HeadByteCount = 56;
    private const int SegmentByteCount = 24;
    private const int SnapshotByteCount = 16;

    /// <summary>Far above what snapshots leave of a log: 2.7 million segments.</summary>
    private const int ByteCountMax = 64 << 20;

    public static string NameOf(long epoch) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{epoch:D12}");

    /// <summary>The epoch whose record a file holds, or null for any other file.</summary>
    public static long? EpochOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long epoch) ? epoch : null;

    /// <summary>That of the newest owner that took the shard over to the end; null in a folder that none did.</summary>
    /// <exception cref="ShardDamagedException">It is not what was written.</exception>
    public static TakeOverRecord? Newest(IDisk disk, string folder)
    {
        // An owner deletes those of earlier ones: who looked before looks again.
        while (true)
        {
            if (disk.FileNames(folder).Select(EpochOf).Max() is not { } epoch)
            {
                return null;
            }

            try
            {
                return Read(disk, Path.Combine(folder, NameOf(epoch)));
            }
            catch (FileNotFoundException)
            {
            }
        }
    }

    /// <summary>It is on stable storage when this returns.</summary>
    public void Save(IDisk disk, string folder) => AtomicFile.Write(disk, Path.Combine(folder, NameOf(Epoch)), ToBytes());

    private byte[] ToBytes()
    {
        byte[] bytes = new byte[HeadByteCount + (Segments.Count * SegmentByteCount) + (Snapshots.Count * SnapshotByteCount) + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Segments.Count);
        Identity.TryWriteBytes(bytes.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), LastLsn);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(48), Snapshots.Count);
        Span<byte> rest = bytes.AsSpan(HeadByteCount);
        foreach (SealedSegment segment in Segments)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, LogFormat.PreviousLsnOf(segment.Name));
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], LogFormat.EpochOf(segment.Name));
            BinaryPrimitives.WriteInt64LittleEndian(rest[16..], segment.ByteCount);
            rest = rest[SegmentByteCount..];
        }

        foreach (SnapshotName snapshot in Snapshots)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, snapshot.Id);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], snapshot.Epoch);
            rest = rest[SnapshotByteCount..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(rest, Crc32C.Append(0, bytes.AsSpan(0, bytes.Length - sizeof(uint))));
        return bytes;
    }

    private static TakeOverRecord Read(IDisk disk, string path)
    {
        byte[] bytes;
        using (IDiskFile file = disk.Open(path, create: false))
        {
            bytes = new byte[Math.Min(file.Length, ByteCountMax)];
            bytes = bytes[..file.Read(bytes, 0)];
        }

        if (bytes.Length < HeadByteCount + sizeof(uint)
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - sizeof(uint))) != Crc32C.Append(0, bytes.AsSpan(0, bytes.Length - sizeof(uint))))
        {
            throw new ShardDamagedException(path, 0, "it is not the record of a take-over, or its checksum is wrong.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
        return version == Version
            ? Parse(bytes)
            : throw new NewerFormatException(path, FormattableString.Invariant($"format version {version} is not known here, only {Version}."));
    }

    /// <summary>Of bytes whose checksum is right.</summary>
    private static TakeOverRecord Parse(ReadOnlySpan<byte> bytes)
    {
        var segments = new SealedSegment[BinaryPrimitives.ReadInt32LittleEndian(bytes[12..])];
        var snapshots = new SnapshotName[BinaryPrimitives.ReadInt32LittleEndian(bytes[48..])];
        ReadOnlySpan<byte> rest = bytes[HeadByteCount..];
        for (int i = 0; i < segments.Length; i++)
        {
            string name = LogFormat.SegmentName(BinaryPrimitives.ReadInt64LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[8..]));
            segments[i] = new SealedSegment(name, BinaryPrimitives.ReadInt64LittleEndian(rest[16..]));
            rest = rest[SegmentByteCount..];
        }

        for (int i = 0; i < snapshots.Length; i++)
        {
            snapshots[i] = new SnapshotName(BinaryPrimitives.ReadInt64LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[8..]));
            rest = rest[SnapshotByteCount..];
        }

        return new TakeOverRecord(
            new Guid(bytes.Slice(16, 16)), BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]), segments, snapshots);
    }
}

/// <summary>A segment of an earlier owner.</summary>
/// <param name="Name">Of its file.</param>
/// <param name="ByteCount">What counts of it; what its owner wrote behind that came too late. Unit: bytes.</param>
internal readonly record struct SealedSegment(string Name, long ByteCount);
