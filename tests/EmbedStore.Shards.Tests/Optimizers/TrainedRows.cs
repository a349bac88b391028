using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards.Tests.Optimizers;

/// <summary>A shard whose rows are trained.</summary>
/// <typeparam name="T">The format's compute type.</typeparam>
internal sealed class TrainedRows<T> : IAsyncDisposable
    where T : unmanaged
{
    private readonly TemporaryFolder _folder = new();
    private readonly RowFormat _format;
    private Shard _shard = null!;
    private long _step;

    private TrainedRows(RowFormat format) => _format = format;

    public long StepNumber => _shard.StepNumber;

    public static async Task<TrainedRows<T>> MakeAsync(RowFormat format, T[] rows)
    {
        var trained = new TrainedRows<T>(format);
        trained._shard = await trained.OpenAsync();
        byte[] values = new byte[rows.Length * format.ValueType.ByteCount()];
        ElementConverter.Convert(MemoryMarshal.AsBytes(rows.AsSpan()), format.ComputeType, values, format.ValueType);
        await trained._shard.WriteAsync(
            new RowWrite
            {
                Kind = RowWriteKind.Assign,
                RowIds = Enumerable.Range(0, rows.Length / format.Width).Select(id => (long)id).ToArray(),
                Columns = ColumnRange.All(format.Width),
                Values = values,
            },
            CancellationToken.None);
        return trained;
    }

    public async Task StepAsync(long[] ids, T[] gradients)
    {
        var write = new RowWrite
        {
            Kind = RowWriteKind.Apply,
            RowIds = ids,
            Columns = ColumnRange.All(_format.Width),
            Values = MemoryMarshal.AsBytes(gradients.AsSpan()).ToArray(),
            Step = new OptimizerStep(_format.Optimizer?.Rate ?? 0, ++_step),
        };
        Assert.Equal(WriteOutcome.Committed, (await _shard.WriteAsync(write, CancellationToken.None)).Outcome);
    }

    public T[] Read(int rowCount)
    {
        byte[] data = new byte[rowCount * _format.DataByteCount];
        _shard.Read(Enumerable.Range(0, rowCount).Select(id => (long)id).ToArray(), [], data, new RowStatus[rowCount], default);
        T[] rows = new T[rowCount * _format.Width];
        for (int row = 0; row < rowCount; row++)
        {
            ReadOnlySpan<byte> stored = data.AsSpan(row * _format.DataByteCount, _format.DataByteCount);
            Span<byte> target = MemoryMarshal.AsBytes(rows.AsSpan(row * _format.Width, _format.Width));
            if (_format.ScaledByRow)
            {
                ScaledRow.Decode(stored, MemoryMarshal.Cast<byte, float>(target));
            }
            else
            {
                ElementConverter.Convert(stored, _format.ValueType, target, _format.ComputeType);
            }
        }

        return rows;
    }

    public async Task ReopenAsync()
    {
        await _shard.DisposeAsync();
        _shard = await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _shard.DisposeAsync();
        _folder.Dispose();
    }

    private Task<Shard> OpenAsync() => Shard.OpenAsync(
        _folder.Log, _folder.Scratch, _format, new ShardOptions { Durability = Durability.None }, CancellationToken.None);
}
