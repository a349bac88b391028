namespace EmbedStore.Tensors;

/// <summary>The content of one safetensors body.</summary>
/// <param name="Tensors">Views over the body, by name, in the order of their data.</param>
/// <param name="Metadata">The <c>__metadata__</c> map; empty when there is none.</param>
public sealed record SafetensorsMessage(IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata);

/// <summary>Reads whole safetensors bodies. Formats and limits: <see cref="SafetensorsHeader"/>.</summary>
public static class SafetensorsReader
{
    /// <summary>Checks the body and views its tensors; copies no tensor data.</summary>
    /// <param name="body">Must outlive the tensors, unchanged.</param>
    /// <exception cref="EmbedStoreException">MalformedBody, with <c>offset</c>.</exception>
    public static SafetensorsMessage Read(ReadOnlyMemory<byte> body)
    {
        if (!SafetensorsHeader.TryReadHeaderLength(body.Span, out int length))
        {
            throw Malformed.At(body.Length, $"A safetensors body has at least {SafetensorsHeader.LengthByteCount} bytes; this one has {body.Length}.");
        }

        int begin = SafetensorsHeader.LengthByteCount + length;
        if (begin > body.Length)
        {
            throw Malformed.At(body.Length, $"The safetensors header ends at byte {begin}; the body has {body.Length}.");
        }

        ReadOnlyMemory<byte> buffer = body[begin..];
        var header = SafetensorsHeader.Parse(body.Span[SafetensorsHeader.LengthByteCount..begin], buffer.Length);
        return new SafetensorsMessage(View(header.Entries, buffer), header.Metadata);
    }

    // Offsets fit an int: the header was checked against a buffer that does.
    private static Dictionary<string, Tensor> View(IReadOnlyList<SafetensorsEntry> entries, ReadOnlyMemory<byte> buffer) => entries.ToDictionary(
        entry => entry.Name, entry => new Tensor(entry.Type, entry.Shape, buffer[(int)entry.Begin..(int)entry.End]));
}
