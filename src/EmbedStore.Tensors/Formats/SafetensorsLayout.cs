using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>A tensor that is to be written: what the header needs, before there is data.</summary>
/// <param name="Name">At most <see cref="MessageLimits.NameByteCountMax"/> bytes of UTF-8; not <c>__metadata__</c>.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">At most <see cref="TensorShape.RankMax"/> dimensions.</param>
public sealed record SafetensorsField(string Name, ElementType Type, TensorShape Shape);

/// <summary>Header and order of a safetensors file: send the header, then the data of each entry in order.</summary>
/// <remarks>
/// <c>__metadata__</c> first, keys sorted; tensors by element size, largest first, then by name; JSON padded with spaces to a
/// multiple of 8. So each tensor lies naturally aligned, and equal content gives equal bytes.
/// </remarks>
public sealed class SafetensorsLayout
{
    private const int HeaderAlignment = 8;

    // As the reference writer does: only what JSON demands is escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private SafetensorsLayout(SafetensorsEntry[] entries, ReadOnlyMemory<byte> header)
    {
        Entries = entries;
        Header = header;
    }

    /// <summary>The tensors in the order in which their data follows the header.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The file up to its first data byte: 8 bytes of length and the padded JSON.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Header and all data. Unit: bytes.</summary>
    public long TotalByteCount => Header.Length + (Entries.Count == 0 ? 0 : Entries[^1].End);

    /// <summary>Lays out tensors.</summary>
    /// <param name="fields">At most <see cref="MessageLimits.TensorCountMax"/>, in any order.</param>
    /// <param name="metadata">Null or empty: no <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A name is repeated, reserved or too long, a rank is too large, or there are too many tensors.</exception>
    /// <exception cref="OverflowException">The data has more than <see cref="long.MaxValue"/> bytes.</exception>
    public static SafetensorsLayout Of(IReadOnlyCollection<SafetensorsField> fields, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Check(fields);
        SafetensorsEntry[] entries = Lay(fields);
        var output = new ArrayBufferWriter<byte>();
        output.Write(new byte[SafetensorsHeader.LengthByteCount]);
        WriteJson(output, entries, metadata);
        Pad(output);

        byte[] header = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - SafetensorsHeader.LengthByteCount);
        return new SafetensorsLayout(entries, header);
    }

    private static void Check(IReadOnlyCollection<SafetensorsField> fields)
    {
        if (fields.Count > MessageLimits.TensorCountMax)
        {
            throw new ArgumentException($"{fields.Count} tensors; at most {MessageLimits.TensorCountMax} are allowed.", nameof(fields));
        }

        var names = new HashSet<string>();
        foreach (SafetensorsField field in fields)
        {
            if (field.Name == SafetensorsDeclaration.MetadataKey
                || System.Text.Encoding.UTF8.GetByteCount(field.Name) > MessageLimits.NameByteCountMax
                || field.Shape.Rank > TensorShape.RankMax
                || !names.Add(field.Name))
            {
                throw new ArgumentException($"Tensor '{field.Name}' {field.Shape} is reserved, repeated or too long.", nameof(fields));
            }
        }
    }

    private static SafetensorsEntry[] Lay(IEnumerable<SafetensorsField> fields)
    {
        long end = 0;
        var entries = new List<SafetensorsEntry>();
        foreach (SafetensorsField field in fields.OrderByDescending(field => field.Type.ByteCount()).ThenBy(field => field.Name, StringComparer.Ordinal))
        {
            long begin = end;
            end += field.Shape.ElementCount * field.Type.ByteCount();
            entries.Add(new SafetensorsEntry(field.Name, field.Type, field.Shape, begin, end));
        }

        return [.. entries];
    }

    private static void WriteJson(IBufferWriter<byte> output, SafetensorsEntry[] entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        if (metadata is { Count: > 0 })
        {
            json.WriteStartObject(SafetensorsDeclaration.MetadataKey);
            foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        foreach (SafetensorsEntry entry in entries)
        {
            WriteEntry(json, entry);
        }

        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type.WireName());
        json.WriteNumbers("shape", entry.Shape.Sizes);
        json.WriteNumbers("data_offsets", [entry.Begin, entry.End]);
        json.WriteEndObject();
    }

    private static void Pad(ArrayBufferWriter<byte> output)
    {
        int padding = -output.WrittenCount & (HeaderAlignment - 1);
        output.GetSpan(HeaderAlignment)[..padding].Fill((byte)' ');
        output.Advance(padding);
    }
}
