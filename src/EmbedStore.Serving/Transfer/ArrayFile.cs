using EmbedStore.Tensors;
using Microsoft.Win32.SafeHandles;

namespace EmbedStore.Serving;

/// <summary>Rows that lie row-major in a file, with ids or keys beside them or numbered from 0.</summary>
internal sealed class ArrayFile : IRowBatches
{
    private const int RunByteCount = 4 << 20;
    private const string RowsName = "rows";
    private const string IdsName = "ids";
    private const string KeysName = "keys";

    private readonly Table _table;
    private readonly ElementType _type;
    private readonly long _rowCount;
    private readonly Action<long, Memory<byte>> _readRows;
    private readonly (ElementType Type, TensorShape Shape, Action<long, Memory<byte>> Read)? _ids;

    private ArrayFile(
        Table table, ElementType type, long rowCount, Action<long, Memory<byte>> readRows, (ElementType Type, TensorShape Shape, Action<long, Memory<byte>> Read)? ids)
    {
        _table = table;
        _type = type;
        _rowCount = rowCount;
        _readRows = readRows;
        _ids = ids;
    }

    /// <summary>An npy file. In Fortran order, or with the bytes of its numbers swapped, it is brought into order in memory and may have that many bytes.</summary>
    public static ArrayFile OpenNpy(Table table, SafeFileHandle file, ServingLimits limits)
    {
        NpyHeader header = ReadNpyHeader(file);
        RequireClosed(table);
        RequireShape(table.Shape.Sizes, header.Shape);
        RequireLength(file, header.DataOffset + header.DataByteCount);
        bool asItLies = !header.IsBigEndian && !(header.IsFortranOrder && header.Shape.Rank > 1);
        if (asItLies)
        {
            return new ArrayFile(table, header.Type, table.Shape.RowCount, ReaderAt(file, header.DataOffset), null);
        }

        limits.RequireResult(header.DataByteCount);
        var body = new byte[header.DataOffset + header.DataByteCount];
        ReadExactly(file, 0, body);
        Tensor tensor = NpyReader.Read(body);
        return new ArrayFile(table, tensor.Type, table.Shape.RowCount, (offset, target) => tensor.Data.Slice((int)offset, target.Length).CopyTo(target), null);
    }

    /// <summary>A safetensors file of <c>rows</c>, or of <c>ids</c>, or <c>keys</c>, and <c>rows</c>.</summary>
    public static ArrayFile OpenSafetensors(Table table, SafeFileHandle file)
    {
        SafetensorsHeader header = ReadSafetensorsHeader(file);
        RequireNames(table, header);
        SafetensorsEntry rows = header.Entries.Single(static entry => entry.Name == RowsName);
        long begin = SafetensorsHeader.LengthByteCount + header.HeaderByteCount;
        if (header.Entries.SingleOrDefault(static entry => entry.Name is IdsName or KeysName) is not { } ids)
        {
            RequireShape(table.Shape.Sizes, rows.Shape);
            return new ArrayFile(table, rows.Type, table.Shape.RowCount, ReaderAt(file, begin + rows.Begin), null);
        }

        if (table.Shape.HasKeys)
        {
            RequireKeys(ids);
        }
        else
        {
            RequireIds(ids);
        }

        RequireShape(table.Shape.HasColumns ? TensorShape.Of(ids.Shape[0], table.Shape.RowWidth) : TensorShape.Of(ids.Shape[0]), rows.Shape);
        return new ArrayFile(table, rows.Type, ids.Shape[0], ReaderAt(file, begin + rows.Begin), (ids.Type, ids.Shape, ReaderAt(file, begin + ids.Begin)));
    }

    /// <inheritdoc/>
    public IEnumerable<RowBatch> Read()
    {
        int width = _table.Rows.Width;
        int rowByteCount = width * _type.ByteCount();
        int run = Math.Max(1, RunByteCount / (rowByteCount + KeyWidth));
        for (long first = 0; first < _rowCount; first += run)
        {
            int count = (int)Math.Min(run, _rowCount - first);
            var data = new byte[count * rowByteCount];
            _readRows(first * rowByteCount, data);
            Tensor values = ValueConverter.Convert(new Tensor(_type, TensorShape.Of(count, width), data), _table.Rows, first);
            yield return new RowBatch(_table.Shape.HasKeys ? RowsByKey(first, count) : new RowList(RowIds(first, count), null), values.Data);
        }
    }

    private int KeyWidth => _table.Shape.HasKeys ? (int)_ids!.Value.Shape[1] : 0;

    private RowList RowsByKey(long first, int count)
    {
        var data = new byte[count * KeyWidth];
        _ids!.Value.Read(first * KeyWidth, data);
        var keys = RowKeys.OfPadded(data, KeyWidth);
        return keys.FirstInvalid() is >= 0 and int bad ? throw IndexErrors.NoKey(KeysName, [first + bad], keys[bad]) : RowList.Of(keys);
    }

    private long[] RowIds(long first, int count)
    {
        var rowIds = new long[count];
        if (_ids is not { } ids)
        {
            for (int i = 0; i < count; i++)
            {
                rowIds[i] = first + i;
            }

            return rowIds;
        }

        var data = new byte[count * ids.Type.ByteCount()];
        ids.Read(first * ids.Type.ByteCount(), data);
        ElementConverter.ReadIntegers(new Tensor(ids.Type, TensorShape.Of(count), data), rowIds);
        for (int i = 0; i < count && !_table.Shape.IsOpen; i++)
        {
            if (rowIds[i] < 0 || rowIds[i] >= _table.Shape.RowCount)
            {
                throw IndexErrors.OutOfRange(IdsName, [first + i], 0, rowIds[i], _table.Shape.RowCount);
            }
        }

        return rowIds;
    }

    private static NpyHeader ReadNpyHeader(SafeFileHandle file)
    {
        int needed = 12;
        while (true)
        {
            var prefix = new byte[Math.Min(needed, RandomAccess.GetLength(file))];
            ReadExactly(file, 0, prefix);
            if (NpyHeader.TryParse(prefix, out NpyHeader? header, out needed))
            {
                return header;
            }

            if (needed > RandomAccess.GetLength(file))
            {
                throw TooShort(file, needed);
            }
        }
    }

    private static SafetensorsHeader ReadSafetensorsHeader(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        var first = new byte[Math.Min(SafetensorsHeader.LengthByteCount, length)];
        ReadExactly(file, 0, first);
        if (!SafetensorsHeader.TryReadHeaderLength(first, out int headerLength) || SafetensorsHeader.LengthByteCount + headerLength > length)
        {
            throw TooShort(file, SafetensorsHeader.LengthByteCount + headerLength);
        }

        var json = new byte[headerLength];
        ReadExactly(file, SafetensorsHeader.LengthByteCount, json);
        return SafetensorsHeader.Parse(json, length - SafetensorsHeader.LengthByteCount - headerLength);
    }

    private static void RequireNames(Table table, SafetensorsHeader header)
    {
        string idsName = table.Shape.HasKeys ? KeysName : IdsName;
        string? unknown = header.Entries.Select(static entry => entry.Name).FirstOrDefault(name => name != RowsName && name != idsName);
        if (unknown is not null)
        {
            throw new EmbedStoreException(ErrorCode.UnknownTensor, $"An import takes 'rows' and '{idsName}', not '{unknown}'.", new Fact("tensor", unknown));
        }

        foreach (string name in table.Shape.IsOpen ? new[] { idsName, RowsName } : [RowsName])
        {
            if (header.Entries.All(entry => entry.Name != name))
            {
                throw new EmbedStoreException(ErrorCode.MissingTensor, $"The import has no '{name}'.", new Fact("tensor", name));
            }
        }
    }

    private static void RequireIds(SafetensorsEntry ids)
    {
        if (!ids.Type.IsInteger())
        {
            throw new EmbedStoreException(ErrorCode.UnsupportedDtype, $"Ids are integers, not {ids.Type.WireName()}.", new Fact("tensor", IdsName));
        }

        if (ids.Shape.Rank != 1)
        {
            throw new EmbedStoreException(
                ErrorCode.ShapeMismatch, $"Ids have one dimension, not {ids.Shape}.", new Fact("tensor", IdsName), new Fact("expected", "[n]"), new Fact("actual", ids.Shape));
        }
    }

    private static void RequireKeys(SafetensorsEntry keys)
    {
        if (keys.Type != ElementType.U8)
        {
            throw new EmbedStoreException(ErrorCode.UnsupportedDtype, $"Keys are U8 with zeros at the end, not {keys.Type.WireName()}.", new Fact("tensor", KeysName));
        }

        if (keys.Shape.Rank != 2 || keys.Shape[1] is < 1 or > RowKeys.PaddedByteCountMax)
        {
            string expected = FormattableString.Invariant($"[n, 1 to {RowKeys.PaddedByteCountMax}]");
            throw new EmbedStoreException(
                ErrorCode.ShapeMismatch,
                $"Keys have the shape {expected}, not {keys.Shape}.",
                new Fact("tensor", KeysName),
                new Fact("expected", expected),
                new Fact("actual", keys.Shape));
        }
    }

    private static void RequireClosed(Table table)
    {
        if (table.Shape.IsOpen)
        {
            throw new EmbedStoreException(
                ErrorCode.OpenDimension,
                "An npy file has no place for row ids; import an open vocabulary as safetensors or text.",
                new Fact("expected", "format=safetensors"),
                new Fact("actual", "format=npy"));
        }
    }

    private static void RequireShape(TensorShape expected, TensorShape actual)
    {
        if (!expected.Equals(actual))
        {
            throw new EmbedStoreException(
                ErrorCode.ShapeMismatch, $"Rows of shape {expected} are expected, not {actual}.", new Fact("tensor", RowsName), new Fact("expected", expected), new Fact("actual", actual));
        }
    }

    private static void RequireLength(SafeFileHandle file, long expected)
    {
        long actual = RandomAccess.GetLength(file);
        if (actual < expected)
        {
            throw TooShort(file, expected);
        }

        if (actual > expected)
        {
            throw new EmbedStoreException(ErrorCode.MalformedBody, FormattableString.Invariant($"{actual - expected} bytes follow the data."), new Fact("offset", expected));
        }
    }

    private static EmbedStoreException TooShort(SafeFileHandle file, long expected)
    {
        long actual = RandomAccess.GetLength(file);
        return new EmbedStoreException(ErrorCode.MalformedBody, FormattableString.Invariant($"The file ends after {actual} of {expected} bytes."), new Fact("offset", actual));
    }

    private static Action<long, Memory<byte>> ReaderAt(SafeFileHandle file, long begin) => (offset, target) => ReadExactly(file, begin + offset, target);

    private static void ReadExactly(SafeFileHandle file, long offset, Memory<byte> target)
    {
        int done = 0;
        while (done < target.Length)
        {
            int count = RandomAccess.Read(file, target.Span[done..], offset + done);
            if (count == 0)
            {
                throw TooShort(file, offset + target.Length);
            }

            done += count;
        }
    }
}
