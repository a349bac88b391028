using System.Numerics;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>Takes the steps of a table's optimizer on rows as they are stored: in binary64 for rows of F64, in binary32 for all others.</summary>
/// <remarks>Equal ids first: the gradients of a row are summed in the order in which they came, then the row takes one step. One thread.</remarks>
internal abstract class RowTrainer
{
    /// <summary>The trainer of a format that has an optimizer; null for one that has none.</summary>
    public static RowTrainer? Of(RowFormat format) =>
        format.Optimizer is null ? null
        : format.ComputeType == ElementType.F64 ? new RowTrainer<double>(format)
        : new RowTrainer<float>(format);

    /// <summary>Sets the state of a row that is being made.</summary>
    /// <param name="state">Zeros.</param>
    public abstract void FillState(Span<byte> state);

    /// <summary>Begins a row: its gradients are summed from here on.</summary>
    public abstract void Begin();

    /// <summary>Adds a gradient.</summary>
    /// <param name="gradient">Shape [width] of the compute type.</param>
    public abstract void Add(ReadOnlySpan<byte> gradient);

    /// <summary>Takes one step with the sum.</summary>
    /// <param name="rowId">Of the row.</param>
    /// <param name="lsn">Of the record.</param>
    /// <param name="values">Shape [width] of the value type.</param>
    /// <param name="state">What stands beside the row.</param>
    /// <param name="step">Which step, and how large.</param>
    public abstract void Step(long rowId, long lsn, Span<byte> values, Span<byte> state, OptimizerStep step);
}

/// <inheritdoc/>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class RowTrainer<T>(RowFormat format) : RowTrainer
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly RowOptimizer _optimizer = format.Optimizer!;
    private readonly T[] _gradient = new T[format.Width];
    private readonly T[] _row = new T[format.Width];

    public override void FillState(Span<byte> state) => _optimizer.FillState(MemoryMarshal.Cast<byte, T>(state));

    public override void Begin() => Array.Clear(_gradient);

    public override void Add(ReadOnlySpan<byte> gradient)
    {
        ReadOnlySpan<T> added = MemoryMarshal.Cast<byte, T>(gradient);
        for (RowLanes<T> at = new(added.Length); at.Next();)
        {
            at.Store(at.Load(_gradient) + at.Load(added), _gradient);
        }
    }

    public override void Step(long rowId, long lsn, Span<byte> values, Span<byte> state, OptimizerStep step)
    {
        Span<T> numbers = MemoryMarshal.Cast<byte, T>(state);
        if (format.ValueType == format.ComputeType)
        {
            _optimizer.Step(MemoryMarshal.Cast<byte, T>(values), _gradient, numbers, step);
            return;
        }

        ElementConverter.Convert(values, format.ValueType, MemoryMarshal.AsBytes(_row.AsSpan()), format.ComputeType);
        _optimizer.Step(_row.AsSpan(), _gradient, numbers, step);
        Round(rowId, lsn, values);
    }

    /// <summary>Brings the row back to 16 bits.</summary>
    private void Round(long rowId, long lsn, Span<byte> values)
    {
        if (_optimizer.StochasticRoundingSeed is not { } seed)
        {
            ElementConverter.Convert(MemoryMarshal.AsBytes(_row.AsSpan()), format.ComputeType, values, format.ValueType);
            return;
        }

        var rounding = new StochasticRounding(seed, rowId, lsn);
        ReadOnlySpan<float> row = MemoryMarshal.Cast<T, float>(_row);
        for (int column = 0; column < row.Length; column++)
        {
            if (format.ValueType == ElementType.F16)
            {
                MemoryMarshal.Cast<byte, Half>(values)[column] = rounding.ToHalf(row[column], column);
            }
            else
            {
                MemoryMarshal.Cast<byte, ushort>(values)[column] = rounding.ToBrainFloat(row[column], column);
            }
        }
    }
}
