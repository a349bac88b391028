using System.Text.Json;
using System.Text.Json.Serialization;

namespace EmbedStore.Shards;

/// <summary>What a snapshot of a shard is. Its file is JSON, and behind it a line with the CRC-32C of all before.</summary>
/// <param name="Format">Of all files of the snapshot.</param>
/// <param name="Shard">Identity of the shard.</param>
/// <param name="RowFormat">What its rows are made of, as the owner record says it.</param>
/// <param name="Id">Rises from snapshot to snapshot of a table.</param>
/// <param name="CoveredLsn">Whatever the log did up to here is in the snapshot.</param>
/// <param name="LastLsn">No row is newer than this: the log has to go at least so far.</param>
/// <param name="LogSegment">The segment that was written on when the snapshot ended; null when there was none.</param>
/// <param name="OwnerEpoch">Of the owner that wrote it.</param>
/// <param name="StepNumber">Highest step of the optimizer at <paramref name="LastLsn"/>.</param>
/// <param name="RowCount">Live rows at <paramref name="LastLsn"/>.</param>
/// <param name="ByteCount">Of the rows file.</param>
/// <param name="Checksum">Of the rows file, CRC-32C.</param>
/// <param name="CreatedAt">When it ended.</param>
/// <param name="RestoredFrom">The snapshot that the rows come from; null for one that was taken.</param>
internal sealed record SnapshotManifest(
    int Format,
    Guid Shard,
    string RowFormat,
    long Id,
    long CoveredLsn,
    long LastLsn,
    string? LogSegment,
    long OwnerEpoch,
    long StepNumber,
    long RowCount,
    long ByteCount,
    uint Checksum,
    DateTimeOffset CreatedAt,
    long? RestoredFrom)
{
    private const int FileByteCountMax = 1 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    /// <summary>Makes the snapshot exist: it is on stable storage when this returns.</summary>
    public void Save(IDisk disk, string path)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(this, Json);
        AtomicFile.Write(disk, path, ChecksumLine.Append(text));
    }

    /// <exception cref="ShardDamagedException">The file is not what was written.</exception>
    /// <exception cref="NewerFormatException">A later version wrote it.</exception>
    public static SnapshotManifest Read(IDisk disk, string path)
    {
        if (!ChecksumLine.TryRemove(ReadFile(disk, path), out ReadOnlyMemory<byte> text) || text.IsEmpty)
        {
            throw new ShardDamagedException(path, 0, "it is not a manifest, or its checksum is wrong.");
        }

        int format = FormatOf(text.Span);
        if (format != SnapshotFormat.Version)
        {
            throw new NewerFormatException(path, FormattableString.Invariant($"format version {format} is not known here, only {SnapshotFormat.Version}."));
        }

        try
        {
            return JsonSerializer.Deserialize<SnapshotManifest>(text.Span, Json)!;
        }
        catch (JsonException e)
        {
            throw new ShardDamagedException(path, e.BytePositionInLine ?? 0, "it is not a manifest.");
        }
    }

    private static int FormatOf(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        using JsonDocument json = JsonDocument.ParseValue(ref reader);
        return json.RootElement.TryGetProperty("format", out JsonElement format) && format.TryGetInt32(out int version) ? version : 0;
    }

    private static byte[] ReadFile(IDisk disk, string path)
    {
        try
        {
            using IDiskFile file = disk.Open(path, create: false);
            byte[] bytes = new byte[Math.Min(file.Length, FileByteCountMax)];
            return bytes.AsSpan(0, file.Read(bytes, 0)).ToArray();
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new ShardDamagedException(path, 0, $"it cannot be read: {error.Message}");
        }
    }
}
