using System.Buffers.Binary;
using System.Text;

namespace EmbedStore.Shards;

/// <summary>Who owns a shard, and which shard it is: the file <c>owner</c> in its folder.</summary>
/// <param name="Identity">Drawn when the shard was made.</param>
/// <param name="Epoch">Grows with each opening; stands in each log record.</param>
/// <param name="Format">What the rows are made of, in words: bytes of the log mean nothing under another format.</param>
internal sealed record OwnerRecord(Guid Identity, long Epoch, string Format)
{
    private const string FileName = "owner";
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
        string path = Path.Combine(folder, FileName);
        string formatText = FormatText(format);
        OwnerRecord? last = Read(disk, path);
        if (last is null && disk.FileNames(folder).Any(LogFormat.IsSegmentName))
        {
            throw new ShardDamagedException(path, 0, "it is missing, though there is a log.");
        }

        if (last is not null && last.Format != formatText)
        {
            throw new ArgumentException($"The shard in {folder} holds rows of [{last.Format}], not of [{formatText}].", nameof(format));
        }

        var next = new OwnerRecord(last?.Identity ?? Guid.NewGuid(), (last?.Epoch ?? 0) + 1, formatText);
        next.Save(disk, path);
        return next;
    }

    /// <summary>Who owns the shard now.</summary>
    /// <exception cref="ShardDamagedException">The file is damaged or missing.</exception>
    public static OwnerRecord Of(IDisk disk, string folder)
    {
        string path = Path.Combine(folder, FileName);
        return Read(disk, path) ?? throw new ShardDamagedException(path, 0, "it is missing.");
    }

    private static OwnerRecord? Read(IDisk disk, string path)
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

        return new OwnerRecord(new Guid(bytes.AsSpan(8, 16)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24)), Encoding.UTF8.GetString(bytes, 32, bytes.Length - FixedByteCount));
    }

    private void Save(IDisk disk, string path)
    {
        byte[] text = Encoding.UTF8.GetBytes(Format);
        byte[] bytes = new byte[FixedByteCount + text.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        Identity.TryWriteBytes(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Epoch);
        text.CopyTo(bytes, 32);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Append(0, bytes.AsSpan(0, bytes.Length - 4)));
        AtomicFile.Write(disk, path, bytes);
    }
}
