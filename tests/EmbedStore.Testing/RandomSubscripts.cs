using System.Globalization;
using System.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>Random subscripts with their tensors: most of them right, a few of them wrong in one place.</summary>
public sealed class RandomSubscripts(Random random)
{
    private static readonly ElementType[] IndexTypes = [ElementType.I64, ElementType.I32, ElementType.I16, ElementType.I8];

    private readonly Dictionary<string, Tensor> _tensors = [];
    private int[] _block = [];

    /// <summary>In [0, 1): how often an index, a mask or a count is wrong.</summary>
    public double ErrorRate { get; init; } = 0.01;

    /// <summary>A table's shape: rank 1 to 5, sizes 0 to 5, few of them 0.</summary>
    public long[] NextShape() => [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(12) == 0 ? 0L : random.Next(1, 6))];

    /// <summary>A subscript of a table.</summary>
    public (string Text, IReadOnlyDictionary<string, Tensor> Tensors) Next(IReadOnlyList<long> shape, Dialect dialect)
    {
        _tensors.Clear();
        _block = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => random.Next(10) == 0 ? 0 : random.Next(1, 4))];
        var items = new List<string>();
        bool ellipsis = false;
        for (int at = 0; at < shape.Count && random.Next(8) > 0;)
        {
            if (!ellipsis && random.Next(10) == 0)
            {
                ellipsis = true;
                items.Add("...");
                at = random.Next(at, shape.Count + 1);
            }
            else
            {
                items.Add(NextItem(shape, dialect, ref at));
            }
        }

        if (items.Count == 0 || IsWrong())
        {
            items.Add(items.Count == 0 && !IsWrong() ? ":" : "0");
        }

        return (Spaced(items), new Dictionary<string, Tensor>(_tensors));
    }

    private bool IsWrong() => random.NextDouble() < ErrorRate;

    private string NextItem(IReadOnlyList<long> shape, Dialect dialect, ref int at)
    {
        int size = (int)shape[at];
        switch (random.Next(20))
        {
            case 0:
                return "None";
            case 1 when random.Next(2) == 0:
                return random.Next(4) > 0 ? "True" : "False";
            case < 5:
                at++;
                return Index(size).ToString(CultureInfo.InvariantCulture);
            case < 10:
                at++;
                return Slice(dialect);
            case < 13:
                return Mask(shape, ref at);
            case 13:
                at++;
                return Add(Indices([], size));
            case 14:
                return Add(TensorValues.Of(ElementType.Bool, TensorShape.Scalar, random.Next(4) > 0 ? 1 : 0));
            case 15:
                at++;
                return Argmax(size);
            default:
                at++;
                return Add(Indices(PartOfBlock(), size));
        }
    }

    private long Index(int size) => size == 0 || IsWrong() ? (random.Next(2) == 0 ? size : -size - 1) + random.Next(-1, 2) : random.Next(-size, size);

    private string Slice(Dialect dialect)
    {
        string Bound() => random.Next(3) == 0 ? "" : random.Next(-7, 8).ToString(CultureInfo.InvariantCulture);
        int step = random.Next(1, 4) * (dialect == Dialect.NumPy && random.Next(2) == 0 || IsWrong() ? -1 : 1);
        return random.Next(3) == 0 ? ":" : random.Next(2) == 0 ? $"{Bound()}:{Bound()}" : FormattableString.Invariant($"{Bound()}:{Bound()}:{step}");
    }

    private string Mask(IReadOnlyList<long> shape, ref int at)
    {
        int rank = random.Next(1, Math.Min(3, shape.Count - at) + 1);
        long[] sizes = [.. shape.Skip(at).Take(rank)];
        if (IsWrong())
        {
            sizes[random.Next(rank)]++;
        }

        at += rank;
        var maskShape = TensorShape.Of(sizes);
        double density = random.NextDouble();
        return Add(TensorValues.Of(ElementType.Bool, maskShape, [.. Enumerable.Range(0, (int)maskShape.ElementCount).Select(_ => random.NextDouble() < density ? 1.0 : 0.0)]));
    }

    /// <summary>A shape that broadcasts to this subscript's block.</summary>
    private int[] PartOfBlock()
    {
        int[] part = [.. _block[random.Next(_block.Length + 1)..].Select(size => random.Next(4) == 0 ? 1 : size)];
        return IsWrong() ? [.. part, 4] : part;
    }

    private Tensor Indices(int[] shape, int size)
    {
        int count = shape.Aggregate(1, static (product, n) => product * n);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => (double)Index(size))];
        ElementType type = values.All(static value => value >= 0) && random.Next(4) == 0 ? ElementType.U8 : IndexTypes[random.Next(IndexTypes.Length)];
        return TensorValues.Of(type, TensorShape.Of([.. shape.Select(static n => (long)n)]), values);
    }

    /// <summary>An argmax over scores of a dimension, or over all of them: its positions fit the dimension, unless that has nothing in it.</summary>
    private string Argmax(int size)
    {
        bool flat = random.Next(3) == 0;
        long[] outer = flat ? [] : [.. PartOfBlock().Select(static n => (long)n)];
        var shape = TensorShape.Of([.. outer, size]);
        string name = Add(TensorValues.Of(ElementType.F32, shape, [.. Enumerable.Range(0, (int)shape.ElementCount).Select(_ => random.Next(20) == 0 ? double.NaN : random.Next(4))]));
        return flat ? $"argmax({name})" : random.Next(2) == 0 ? $"argmax({name}, -1)" : FormattableString.Invariant($"argmax({name},{outer.Length})");
    }

    private string Add(Tensor tensor)
    {
        string name = FormattableString.Invariant($"t{_tensors.Count}");
        _tensors.Add(name, tensor);
        return name;
    }

    private string Spaced(List<string> items)
    {
        var text = new StringBuilder("[").AppendJoin(random.Next(2) == 0 ? ", " : ",", items);
        return text.Append(random.Next(5) == 0 ? ",]" : "]").ToString();
    }
}
