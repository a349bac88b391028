using EmbedStore.Tensors;

namespace EmbedStore.Recovery.Tests;

internal enum BatchKind
{
    Assign,
    Accumulate,
    Step,
    Erase,
}

/// <summary>A write and what it does to plain numbers: every element of a row holds the same. Small integers, so that binary32 adds them exactly.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Rows">Repeats count as often as they stand here; an assigned row keeps the last.</param>
/// <param name="Number">What is assigned, added, or taken away by a step of rate 1.</param>
internal sealed record Batch(BatchKind Kind, int[] Rows, int Number)
{
    /// <summary>Elements of a row.</summary>
    public const int Width = 16;

    public string Call => Kind switch
    {
        BatchKind.Assign => "put",
        BatchKind.Accumulate => "put?accumulate=true",
        BatchKind.Step => "apply?lr=1",
        _ => "erase",
    };

    public static Batch Draw(Random random, int rowCount, int batchRowCountMax)
    {
        int[] rows = [.. Enumerable.Range(0, random.Next(1, batchRowCountMax + 1)).Select(_ => random.Next(rowCount))];
        return new Batch((BatchKind)random.Next(4), rows, random.Next(1, 100));
    }

    public Dictionary<string, Tensor> Tensors(int firstRow)
    {
        var tensors = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(Rows.Length), Array.ConvertAll(Rows, row => (long)firstRow + row)) };
        if (Kind != BatchKind.Erase)
        {
            float[] numbers = [.. Enumerable.Repeat((float)Number, Rows.Length * Width)];
            tensors[Kind == BatchKind.Step ? "gradients" : "values"] = Tensor.Of(TensorShape.Of(Rows.Length, Width), numbers);
        }

        return tensors;
    }

    public void ApplyTo(float[] rows)
    {
        foreach (int row in Rows)
        {
            rows[row] = Kind switch
            {
                BatchKind.Assign => Number,
                BatchKind.Accumulate => rows[row] + Number,
                BatchKind.Step => rows[row] - Number,
                _ => 0,
            };
        }
    }
}
