using EmbedStore.Tensors;

namespace EmbedStore.Recovery.Tests;

internal enum BatchKind
{
    Assign,
    Accumulate,
    Step,
    Erase,
}

/// <summary>A write of a trainer and what it does to plain numbers. Small integers, so that binary32 adds them exactly.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Rows">Repeats count as often as they stand here; an assigned row keeps the last.</param>
/// <param name="Number">What is assigned, added, or taken away by a step of rate 1.</param>
internal sealed record Batch(BatchKind Kind, int[] Rows, int Number)
{
    public string Call => Kind switch
    {
        BatchKind.Assign => "put",
        BatchKind.Accumulate => "put?accumulate=true",
        BatchKind.Step => "apply?lr=1",
        _ => "erase",
    };

    public Dictionary<string, Tensor> Tensors(int firstRow)
    {
        var tensors = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(Rows.Length), Array.ConvertAll(Rows, row => (long)firstRow + row)) };
        if (Kind != BatchKind.Erase)
        {
            float[] numbers = [.. Enumerable.Repeat((float)Number, Rows.Length * 2)];
            tensors[Kind == BatchKind.Step ? "gradients" : "values"] = Tensor.Of(TensorShape.Of(Rows.Length, 2), numbers);
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
