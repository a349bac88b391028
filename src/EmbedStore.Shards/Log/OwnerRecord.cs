using System.Buffers.Binary;
using System.Text;

namespace EmbedStore.Shards;

/// <summary>Who owns a shard, and which shard it is: the file <c>owner</c> in its folder, or a claim (<see cref="OwnerClaims"/>).</summary>
/// <param name="Identity">Drawn when the shard was made.</param>
/// <param name="Epoch">Grows with each opening; stands in each log record.</param>
/// <param name="Format">What the rows are made of, in words: bytes of the log mean nothing under another format.</param>
/// <param name="Name">Of the owner; in the file a line behind the format.</param>
internal sealed record OwnerRecord(Guid Identity, long Epoch, string Format, string Name = "")
{
    /// <summary>In a folder that was never claimed.</summary>
    public const string FileName = "owner";

    private const ulong Magic = 0x3152454E574F4245; // "EBOWNER1"
    private const int FixedByteCount = 36;
    private const int ByteCountMax = 1 << 16;

    /// <remarks>What a format does without is not named: so older shards still know theirs.</remarks>
    public static string FormatText(RowFormat format)
    {
        string text = FormattableString.Invariant(
            $"{format.ElementType} width={format.Width} scaled={format.ScaledByRow} initializer={format.Initializer} optimizer={format.Optimizer}");
        text += format.TimeToLiveMilliseconds is { } timeToLive ? FormattableString.Invariant($" ttl={timeToLive}ms") : "";
        text += format.Keyed ? " keyed" : "";
        return text + (format.AdmissionCount > 1 ? FormattableString.Invariant($" admission={format.AdmissionCount}") : "");
    }

    /// <summary>Takes the shard over: the next epoch is on stable storage when this returns.</summary>
    /// <exception cref="ShardDamagedException">The file is damaged, or it is missing though there is a log.</exception>
    /// <exception cref="ArgumentException">The shard was made with another format.</exception>
    public static OwnerRecord Advance(IDisk disk, string folder, RowFormat format)
    {
        OwnerRecord? last = Newest(disk, folder, format);
        var next = new OwnerRecord(last?.Identity ?? Guid.NewGuid(), (last?.Epoch ?? 0) + 1, FormatText(format));
        AtomicFile.Write(disk, Path.Combine(folder, FileName), next.ToBytes());
        return next;
    }

    /// <summary>Who owned the shard last; null when nobody did.</summary>
    /// <exception cref="ShardDamagedException">That is not known, though there is a log.</exception>
    /// <exception cref="ArgumentException">The shard was made with another format.</exception>
    public static OwnerRecord? Newest(IDisk disk, string folder, RowFormat format)
    {
        OwnerRecord? last = Newest(disk, folder);
        if (last is null && disk.FileNames(folder).Any(LogFormat.IsSegmentName))
        {
            throw new ShardDamagedException(Path.Combine(folder, FileName), 0, "it is missing, though there is a log.");
        }

        return last is null || last.Format == FormatText(format)
            ? last
            : throw new ArgumentException($"The shard in {folder} holds rows of [{last.Format}], not of [{FormatText(format)}].", nameof(format));
    }

    /// <summary>Who owns the shard now.</summary>
    /// <exception cref="ShardDamagedException">The file is damaged or missing.</exception>
    public static OwnerRecord Of(IDisk disk, string folder) =>
        Newest(disk, folder) ?? throw new ShardDamagedException(Path.Combine(folder, FileName), 0, "it is missing.");

    /// <summary>A claim is newer than the file of a time without claims.</summary>
    private static OwnerRecord? Newest(IDisk disk, string folder) => OwnerClaims.Newest(disk, folder) ?? Read(disk, Path.Combine(folder, FileName));

    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="ShardDamagedException">It is not what was written.</exception>
    public static OwnerRecord? Read(IDisk disk, string path)
    {
        if (!disk.FileExists(path))
        {
            return null;
        }

        using IDiskFile file = disk.Open(path, create: false);
        long length = file.Length;
        byte[] bytes = new byte[Math.Min(length, ByteCountMax)];
        if (length > ByteCountMax || length < FixedByteCount || file.Read(bytes, 0) != length
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4)) != Crc32C.Append(0, bytes.AsSpan(0, bytes.Length - 4))
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic)
        {
            throw new ShardDamagedException(path, 0, "it is not an owner record, or its checksum is wrong.");
        }

        string[] lines = Encoding.UTF8.GetString(bytes, 32, bytes.Length - FixedByteCount).Split('\n', 2);
        return new OwnerRecord(new Guid(bytes.AsSpan(8, 16)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24)), lines[0], lines.ElementAtOrDefault(1) ?? "");
    }

    /// <summary>Content of the file.</summary>
    public byte[] ToBytes()
    {
        byte[] text = Encoding.UTF8.GetBytes(Name.Length > 0 ? $"{Format}\n{Name}" : Format);
        byte[] bytes = new byte[FixedByteCount + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        Identity.TryWriteBytes(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Epoch);
        text.CopyTo(bytes, 32);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Append(0, bytes.AsSpan(0, bytes.Length - 4)));
        return bytes;
    }
}
