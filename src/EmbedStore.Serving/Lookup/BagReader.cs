using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Reads the rows of bags run by run and pools them as they come: at no time are all rows in memory.</summary>
/// <remarks>
/// Formula: torch.nn.functional.embedding_bag. Pools in binary32, or in binary64 for rows of it, in the order of the ids; an empty bag is zeros in every mode;
/// max keeps the first of equal values and the first NaN that begins a bag.
/// </remarks>
internal sealed class BagReader(RowReader reader, Table table, BagPlan plan, RequestMemory memory)
{
    private readonly int _width = (int)table.Shape.RowWidth;

    public async ValueTask<BagAnswer> ReadAsync(CancellationToken cancellation)
    {
        long version = reader.VersionOf(table);
        Tensor pooled = table.Rows.ValueType == ElementType.F64
            ? await PoolAsync<double>(ElementType.F64, cancellation)
            : await PoolAsync<float>(ElementType.F32, cancellation);
        return new BagAnswer(pooled.Type == plan.Type ? pooled : Convert(pooled), version);
    }

    private Tensor Convert(Tensor pooled)
    {
        Memory<byte> data = memory.Rent<byte>((int)pooled.Shape.ElementCount * plan.Type.ByteCount());
        ElementConverter.Convert(pooled.Data.Span, pooled.Type, data.Span, plan.Type);
        return new Tensor(plan.Type, pooled.Shape, data);
    }

    private async ValueTask<Tensor> PoolAsync<T>(ElementType type, CancellationToken cancellation)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int bags = plan.Begins.Length - 1;
        Memory<byte> result = memory.Rent<byte>(bags * _width * type.ByteCount());
        if (TryPoolAtOnce(result.Span))
        {
            return new Tensor(type, TensorShape.Of(bags, _width), result);
        }

        result.Span.Clear();
        Memory<int> counts = memory.Rent<int>(bags);
        counts.Span.Clear();
        var target = new BagTarget<T>(result, counts, AnswerFormat.OfRows(table.Rows, type, plan.Missing));
        int partCount = reader.PartCountOf(table, target.Format, plan.Rows.Count);
        if (partCount == 1)
        {
            await PoolAsync(target, 0, bags, cancellation);
        }
        else
        {
            reader.RunParts(partCount, part => PoolAsync(target, FirstBagOf(part, partCount), FirstBagOf(part + 1, partCount), cancellation));
        }

        return new Tensor(type, TensorShape.Of(bags, _width), result);
    }

    /// <summary>Parts have about as many rows, and whole bags: each is pooled by one thread, in the order of its ids.</summary>
    private int FirstBagOf(int part, int partCount)
    {
        if (part == partCount)
        {
            return plan.Begins.Length - 1;
        }

        int place = plan.Begins.Span[..^1].BinarySearch(new FirstAtOrBehind((long)plan.Rows.Count * part / partCount));
        return ~place;
    }

    private async ValueTask PoolAsync<T>(BagTarget<T> target, int firstBag, int endBag, CancellationToken cancellation)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var pool = new BagPool<T>(plan, _width, target.Counts, firstBag);
        AnswerFormat format = target.Format;
        int end = (int)plan.Begins.Span[endBag];
        int run = Math.Max(1, table.RunByteCount / format.EntryByteCount);
        byte[] rows = ArrayPool<byte>.Shared.Rent(run * format.EntryByteCount);
        RowStatus[] statuses = ArrayPool<RowStatus>.Shared.Rent(run);
        try
        {
            for (int first = (int)plan.Begins.Span[firstBag]; first < end; first += run)
            {
                int count = Math.Min(run, end - first);
                Memory<byte> block = rows.AsMemory(0, count * format.EntryByteCount);
                Memory<RowStatus> found = statuses.AsMemory(0, count);
                int missing = await reader.ReadAsync(table, format, new EntryRun(plan.Rows.Slice(first, count), block, found), cancellation);
                RequireFound(first, missing, found.Span);
                pool.Add(first, MemoryMarshal.Cast<byte, T>(block.Span), MemoryMarshal.Cast<byte, T>(target.Pooled.Span));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rows);
            ArrayPool<RowStatus>.Shared.Return(statuses);
        }

        pool.Finish(endBag, MemoryMarshal.Cast<byte, T>(target.Pooled.Span));
    }

    private bool TryPoolAtOnce(Span<byte> pooled)
    {
        var batch = new BagBatch
        {
            RowIds = plan.Rows.Ids.Span,
            Begins = plan.Begins.Span,
            Weights = plan.Weights.Span,
            Mode = plan.Mode,
            PaddingId = plan.PaddingId,
        };
        return plan.Rows.Keys is null && reader.Compute?.TryPool(table, batch, pooled) == true;
    }

    private void RequireFound(int first, int missing, ReadOnlySpan<RowStatus> statuses)
    {
        for (int i = 0; i < statuses.Length && missing > 0 && plan.Missing == MissingPolicy.Error; i++)
        {
            // Padding is left out of its bag, so nobody misses its row.
            if (statuses[i] != RowStatus.Found && plan.Rows.Ids.Span[first + i] != plan.PaddingId)
            {
                throw IndexErrors.RowNotFound(plan.IdsShape.CoordinatesOf(first + i), plan.Rows.NameOf(first + i));
            }
        }
    }

    /// <summary>Where bags are pooled to.</summary>
    /// <param name="Pooled">Shape [bags, width], zeros at first.</param>
    /// <param name="Counts">Shape [bags], zeros at first.</param>
    /// <param name="Format">Of the rows.</param>
    private readonly record struct BagTarget<T>(Memory<byte> Pooled, Memory<int> Counts, AnswerFormat Format);

    /// <summary>Compares so that a search ends before the first value of at least <paramref name="value"/>.</summary>
    private readonly struct FirstAtOrBehind(long value) : IComparable<long>
    {
        public int CompareTo(long other) => other < value ? 1 : -1;
    }
}
