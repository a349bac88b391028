using System.Buffers.Binary;
using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>Named tensors as one safetensors body, written from the format's description alone: it also checks the server's own.</summary>
/// <remarks>8 bytes length of the header, little-endian; the header, JSON; the tensors' bytes in the header's order.</remarks>
internal static class SafetensorsBody
{
    private const int LengthBytes = sizeof(ulong);

    public static byte[] Write(IReadOnlyDictionary<string, Tensor> tensors)
    {
        byte[] header = JsonSerializer.SerializeToUtf8Bytes(Describe(tensors));
        var body = new byte[LengthBytes + header.Length + tensors.Values.Sum(tensor => tensor.Data.Length)];
        BinaryPrimitives.WriteUInt64LittleEndian(body, (ulong)header.Length);
        header.CopyTo(body, LengthBytes);
        int end = LengthBytes + header.Length;
        foreach (Tensor tensor in tensors.Values)
        {
            tensor.Data.Span.CopyTo(body.AsSpan(end));
            end += tensor.Data.Length;
        }

        return body;
    }

    /// <summary>Views one tensor of a body.</summary>
    public static Tensor Read(ReadOnlyMemory<byte> body, string name)
    {
        int headerEnd = LengthBytes + (int)BinaryPrimitives.ReadUInt64LittleEndian(body.Span);
        using JsonDocument header = JsonDocument.Parse(body[LengthBytes..headerEnd]);
        JsonElement entry = header.RootElement.GetProperty(name);
        string dtype = entry.GetProperty("dtype").GetString()!;
        if (!ElementTypes.TryParse(dtype, out ElementType type))
        {
            throw new CheckFailedException($"element type of '{name}'", string.Join(' ', ElementTypes.Names), dtype);
        }

        long[] sizes = [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        int[] offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
        return new Tensor(type, TensorShape.Of(sizes), body[(headerEnd + offsets[0])..(headerEnd + offsets[1])]);
    }

    private static Dictionary<string, object> Describe(IReadOnlyDictionary<string, Tensor> tensors)
    {
        var header = new Dictionary<string, object>();
        int end = 0;
        foreach ((string name, Tensor tensor) in tensors)
        {
            int begin = end;
            end += tensor.Data.Length;
            header[name] = new { dtype = tensor.Type.WireName(), shape = tensor.Shape.Sizes.ToArray(), data_offsets = new[] { begin, end } };
        }

        return header;
    }
}
