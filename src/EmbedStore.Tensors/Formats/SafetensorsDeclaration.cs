using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>One tensor as the header's JSON has it: each value is well formed, but nothing fits together yet.</summary>
/// <remarks>Position is where its name stands, in bytes from the beginning of the body; Begin and End count from the buffer.</remarks>
internal sealed record DeclaredTensor(string Name, long Position, ElementType Type, long[] Sizes, long Begin, long End);

/// <summary>A safetensors header that follows the schema of its JSON.</summary>
internal sealed class SafetensorsDeclaration
{
    public const string MetadataKey = "__metadata__";

    // The schema needs 3; the rest only serves to name the real fault.
    private const int DepthMax = 8;

    private readonly Dictionary<string, string> _metadata = [];
    private readonly List<DeclaredTensor> _tensors = [];

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public IReadOnlyList<DeclaredTensor> Tensors => _tensors;

    public static SafetensorsDeclaration Parse(ReadOnlySpan<byte> json)
    {
        var cursor = new JsonCursor(json, SafetensorsHeader.LengthByteCount, DepthMax);
        if (json.IsEmpty || json[0] != '{')
        {
            throw Malformed.At(SafetensorsHeader.LengthByteCount, "The safetensors header must begin with '{'.");
        }

        var declaration = new SafetensorsDeclaration();
        declaration.ReadRoot(ref cursor);

        // The reader notices only here what stands behind the object.
        cursor.Read();
        return declaration;
    }

    private void ReadRoot(ref JsonCursor cursor)
    {
        cursor.Read(JsonTokenType.StartObject, "The safetensors header");
        var keys = new HashSet<string>();
        while (cursor.ReadKey(keys, out string key))
        {
            if (key == MetadataKey)
            {
                ReadMetadata(ref cursor);
                continue;
            }

            MessageLimits.Check(key, _tensors.Count, cursor.Offset);
            _tensors.Add(ReadTensor(ref cursor, key));
        }
    }

    private void ReadMetadata(ref JsonCursor cursor)
    {
        cursor.Read(JsonTokenType.StartObject, MetadataKey);
        var keys = new HashSet<string>();
        while (cursor.ReadKey(keys, out string key))
        {
            cursor.Read(JsonTokenType.String, $"{MetadataKey} '{key}'");
            _metadata.Add(key, cursor.GetString());
        }
    }

    private static DeclaredTensor ReadTensor(ref JsonCursor cursor, string name)
    {
        long position = cursor.Offset;
        ElementType? type = null;
        long[]? sizes = null, offsets = null;

        cursor.Read(JsonTokenType.StartObject, $"Tensor '{name}'");
        var keys = new HashSet<string>();
        while (cursor.ReadKey(keys, out string key))
        {
            switch (key)
            {
                case "dtype": type = JsonTensorFields.ReadType(ref cursor, name); break;
                case "shape": sizes = JsonTensorFields.ReadSizes(ref cursor, name); break;
                case "data_offsets": offsets = ReadOffsets(ref cursor, name); break;
                default: throw Malformed.At(cursor.Offset, $"Tensor '{name}' has the key '{key}'; allowed are dtype, shape, data_offsets.");
            }
        }

        if (type is null || sizes is null || offsets is null)
        {
            throw Malformed.At(position, $"Tensor '{name}' must have dtype, shape and data_offsets.");
        }

        return new DeclaredTensor(name, position, type.Value, sizes, offsets[0], offsets[1]);
    }

    private static long[] ReadOffsets(ref JsonCursor cursor, string name)
    {
        long[] offsets = cursor.ReadCounts(2, $"data_offsets of tensor '{name}'");
        return offsets.Length == 2 ? offsets : throw Malformed.At(cursor.Offset, $"data_offsets of tensor '{name}' must be two numbers; found {offsets.Length}.");
    }
}
