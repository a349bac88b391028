using System.Buffers.Text;
using EmbedStore.Tensors;
using Microsoft.Win32.SafeHandles;

namespace EmbedStore.Serving;

/// <summary>Rows as lines of text: <c>key value value ...</c>, where the key is an id unless the table has keys; separated by blanks, as word2vec and GloVe write them.</summary>
/// <remarks>A first line of two integers, word2vec's count and width, is skipped when a row has another number of values than one. Empty lines are skipped.</remarks>
internal sealed class TextFile(Table table, SafeFileHandle file) : IRowBatches
{
    /// <summary>Longest line. Unit: bytes.</summary>
    private const int LineByteCountMax = 8 << 20;

    private const int RunByteCount = 1 << 20;

    private readonly int _width = table.Rows.Width;

    /// <inheritdoc/>
    public IEnumerable<RowBatch> Read()
    {
        int run = Math.Max(1, RunByteCount / (_width * sizeof(float)));
        var names = new RowNames(table);
        var values = new List<double>(run * _width);
        foreach (TextLine line in TextLines.Read(file, LineByteCountMax))
        {
            if (!IsHeading(line))
            {
                Parse(line, names, values);
            }

            if (names.Count == run)
            {
                yield return Batch(names, values);
            }
        }

        if (names.Count > 0)
        {
            yield return Batch(names, values);
        }
    }

    private bool IsHeading(TextLine line)
    {
        if (line.Number != 1 || _width == 1)
        {
            return false;
        }

        var words = new TextWords(line.Text.Span);
        bool twoIntegers = words.TryNext(out ReadOnlySpan<byte> count, out _) && IsInteger(count) && words.TryNext(out ReadOnlySpan<byte> width, out _) && IsInteger(width);
        return twoIntegers && !words.TryNext(out _, out _);
    }

    private static bool IsInteger(ReadOnlySpan<byte> word) => Utf8Parser.TryParse(word, out long _, out int used) && used == word.Length;

    private void Parse(TextLine line, RowNames names, List<double> values)
    {
        var words = new TextWords(line.Text.Span);
        if (!words.TryNext(out ReadOnlySpan<byte> key, out int at))
        {
            return;
        }

        if (!names.TryAdd(key, line.Number - 1))
        {
            throw Malformed(line, at, names.Rule);
        }

        int count = 0;
        while (words.TryNext(out ReadOnlySpan<byte> word, out at))
        {
            if (!Utf8Parser.TryParse(word, out double value, out int used) || used != word.Length)
            {
                throw Malformed(line, at, "is no number");
            }

            values.Add(value);
            count++;
        }

        if (count != _width)
        {
            throw Malformed(line, 0, FormattableString.Invariant($"has {count} values; a row has {_width}"));
        }
    }

    private RowBatch Batch(RowNames names, List<double> values)
    {
        Tensor numbers = Tensor.From<double>(ElementType.F64, TensorShape.Of(names.Count, _width), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values));
        Tensor converted = table.Rows.ValueType.IsInteger() ? ToIntegers(numbers) : numbers;
        var batch = new RowBatch(names.Take(), ValueConverter.Convert(converted, table.Rows).Data);
        values.Clear();
        return batch;
    }

    /// <summary>Text does not say whether it means integers; the table does.</summary>
    private static Tensor ToIntegers(Tensor numbers)
    {
        ReadOnlySpan<double> source = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(numbers.Data.Span);
        var integers = new long[source.Length];
        for (int i = 0; i < integers.Length; i++)
        {
            if (source[i] != Math.Floor(source[i]) || Math.Abs(source[i]) > 1L << 53)
            {
                throw new EmbedStoreException(
                    ErrorCode.UnsupportedDtype, FormattableString.Invariant($"{source[i]} does not go into rows of integers."), new Fact("tensor", "values"));
            }

            integers[i] = (long)source[i];
        }

        return Tensor.Of(numbers.Shape, integers);
    }

    private static EmbedStoreException Malformed(TextLine line, int at, string what) => new(
        ErrorCode.MalformedBody,
        FormattableString.Invariant($"Line {line.Number} {what}."),
        new Fact("offset", line.Offset + at),
        new Fact("line", line.Number));
}
