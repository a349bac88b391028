using System.Buffers;

namespace EmbedStore.Tensors;

/// <summary>Copies keys one behind the other. Not thread-safe.</summary>
public sealed class RowKeysBuilder
{
    private readonly List<KeyRange> _ranges = [];
    private ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Number of keys.</summary>
    public int Count => _ranges.Count;

    /// <summary>Appends a copy.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        _ranges.Add(new KeyRange(_bytes.WrittenCount, key.Length));
        _bytes.Write(key);
    }

    /// <summary>The keys so far; none is left.</summary>
    public RowKeys Take()
    {
        var keys = new RowKeys(_bytes.WrittenMemory, _ranges.ToArray());
        _bytes = new ArrayBufferWriter<byte>();
        _ranges.Clear();
        return keys;
    }
}
