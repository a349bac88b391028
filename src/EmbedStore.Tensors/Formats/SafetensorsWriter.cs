using System.Buffers;

namespace EmbedStore.Tensors;

/// <summary>Writes whole tensors as one safetensors body. To stream, use <see cref="SafetensorsLayout"/>.</summary>
public static class SafetensorsWriter
{
    /// <summary>Appends header and data.</summary>
    /// <param name="destination">Grows by <see cref="SafetensorsLayout.TotalByteCount"/>.</param>
    /// <param name="tensors">Distinct names; limits as in <see cref="SafetensorsLayout.Of"/>.</param>
    /// <param name="metadata">Null or empty: no <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">As <see cref="SafetensorsLayout.Of"/>; nothing was written.</exception>
    public static void Write(
        IBufferWriter<byte> destination, IReadOnlyCollection<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsField[] fields = [.. tensors.Select(pair => new SafetensorsField(pair.Key, pair.Value.Type, pair.Value.Shape))];
        var layout = SafetensorsLayout.Of(fields, metadata);
        var byName = new Dictionary<string, Tensor>(tensors);

        destination.Write(layout.Header.Span);
        foreach (SafetensorsEntry entry in layout.Entries)
        {
            destination.Write(byName[entry.Name].Data.Span);
        }
    }
}
