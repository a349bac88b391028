namespace EmbedStore.Tensors;

/// <summary>Checks that declared tensors fit together, and the buffer.</summary>
internal static class SafetensorsChecks
{
    /// <summary>The tensors by data offset, without holes and overlaps, each as long as its shape says.</summary>
    public static SafetensorsEntry[] Lay(IEnumerable<DeclaredTensor> declared)
    {
        long end = 0;
        var entries = new List<SafetensorsEntry>();
        foreach (DeclaredTensor tensor in declared.OrderBy(tensor => tensor.Begin).ThenBy(tensor => tensor.End))
        {
            CheckOffsets(tensor, end);
            TensorShape shape = JsonTensorFields.ToShape(tensor.Sizes, tensor.Name, tensor.Position);
            CheckByteCount(tensor, shape);
            entries.Add(new SafetensorsEntry(tensor.Name, tensor.Type, shape, tensor.Begin, tensor.End));
            end = tensor.End;
        }

        return [.. entries];
    }

    /// <summary>Refuses a buffer that is shorter or longer than its tensors.</summary>
    public static void CheckBuffer(SafetensorsHeader header, long actual)
    {
        if (actual != header.BufferByteCount)
        {
            long begin = SafetensorsHeader.LengthByteCount + header.HeaderByteCount;
            throw Malformed.At(
                begin + Math.Min(actual, header.BufferByteCount), $"The tensors take {header.BufferByteCount} bytes behind the header; the body has {actual}.");
        }
    }

    private static void CheckOffsets(DeclaredTensor tensor, long endBefore)
    {
        if (tensor.Begin != endBefore || tensor.End < tensor.Begin)
        {
            throw Malformed.At(
                tensor.Position, $"Tensor '{tensor.Name}' lies in [{tensor.Begin}, {tensor.End}) but must begin at {endBefore} and not end before.");
        }
    }

    private static void CheckByteCount(DeclaredTensor tensor, TensorShape shape)
    {
        Int128 expected = (Int128)shape.ElementCount * tensor.Type.ByteCount();
        if (expected != tensor.End - tensor.Begin)
        {
            throw Malformed.At(
                tensor.Position, $"Tensor '{tensor.Name}', {tensor.Type.WireName()} {shape}, takes {expected} bytes but has {tensor.End - tensor.Begin}.");
        }
    }
}
