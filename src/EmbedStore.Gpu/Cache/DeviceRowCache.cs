using System.Buffers;
using EmbedStore.Serving;
using EmbedStore.Shards;

namespace EmbedStore.Gpu;

/// <summary>Two tiers of a row cache: the device, where its rows are read faster than the processor reads them, and what was there before.</summary>
/// <remarks>Thread-safe. A device that fails in the middle of a read costs that read its time, nothing else.</remarks>
/// <param name="tier">The device.</param>
/// <param name="below">Asked for what the device does not have.</param>
public sealed class DeviceRowCache(GpuTier tier, IRowCache below) : IRowCache
{
    /// <inheritdoc/>
    public bool WantsVersions(Table table) => tier.Of(table) is not null || below.WantsVersions(table);

    /// <inheritdoc/>
    public RowMisses Read(Table table, ReadOnlySpan<long> rowIds, RowBlock block)
    {
        if (tier.Of(table) is not { } rows || tier.Choice?.Reads(rowIds.Length, rows.Layout.DataByteCount) != true || !table.ReadsMemory())
        {
            return below.Read(table, rowIds, block);
        }

        // Before the first look: a change that comes later is newer than what is found below.
        long clock = rows.Directory.Clock;
        int[] missed = ArrayPool<int>.Shared.Rent(Math.Max(rowIds.Length, 1));
        int missCount = ReadDevice(rows, rowIds, block, missed);
        if (missCount == 0)
        {
            ArrayPool<int>.Shared.Return(missed);
            return RowMisses.None(0);
        }

        if (missCount == rowIds.Length)
        {
            ArrayPool<int>.Shared.Return(missed);
            RowMisses all = below.Read(table, rowIds, block);
            OfferAll(rows, rowIds, all, block, clock);
            return all;
        }

        return ReadBelow(table, rows, rowIds, block, missed, missCount, clock);
    }

    /// <inheritdoc/>
    public void Admit(Table table, ReadOnlySpan<long> rowIds, RowMisses misses, RowBlock block) => below.Admit(table, rowIds, misses, block);

    /// <returns>How many rows the device does not have; all of them when it cannot be asked.</returns>
    private int ReadDevice(DeviceTable rows, ReadOnlySpan<long> rowIds, in RowBlock block, int[] missed)
    {
        if (tier.Lanes?.TryRent() is not { } lane)
        {
            return rowIds.Length;
        }

        try
        {
            if (!rows.TryEnter())
            {
                return rowIds.Length;
            }

            try
            {
                tier.Device!.Enter();
                int missCount = rows.Read(lane, rowIds, block, missed);
                return tier.Device.IsOn ? missCount : rowIds.Length;
            }
            finally
            {
                rows.Leave();
            }
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            tier.Device!.GiveUp(e);
            return rowIds.Length;
        }
        finally
        {
            tier.Lanes.Return(lane);
        }
    }

    /// <summary>Reads what is missed in a block of its own, and brings it to its places.</summary>
    private RowMisses ReadBelow(Table table, DeviceTable rows, ReadOnlySpan<long> rowIds, in RowBlock block, int[] missed, int missCount, long clock)
    {
        int size = rows.Layout.DataByteCount;
        long[] ids = ArrayPool<long>.Shared.Rent(missCount);
        byte[] data = ArrayPool<byte>.Shared.Rent(missCount * size);
        RowStatus[] statuses = ArrayPool<RowStatus>.Shared.Rent(missCount);
        long[] versions = ArrayPool<long>.Shared.Rent(missCount);
        try
        {
            for (int i = 0; i < missCount; i++)
            {
                ids[i] = rowIds[missed[i]];
            }

            var part = new RowBlock(data.AsMemory(0, missCount * size), statuses.AsMemory(0, missCount), versions.AsMemory(0, missCount)) { IsUse = block.IsUse };
            using RowMisses misses = below.Read(table, ids.AsSpan(0, missCount), part);
            if (misses.AreAll)
            {
                return RowMisses.Of(missed, missCount, misses.Clock);
            }

            OfferAll(rows, ids.AsSpan(0, missCount), misses, part, clock);
            CopyBack(part, size, missed.AsSpan(0, missCount), block);
            int left = 0;
            foreach (int position in misses.Positions.Span)
            {
                missed[left++] = missed[position];
            }

            if (left > 0)
            {
                return RowMisses.Of(missed, left, misses.Clock);
            }

            ArrayPool<int>.Shared.Return(missed);
            return RowMisses.None(misses.NotFoundCount);
        }
        finally
        {
            ArrayPool<long>.Shared.Return(ids);
            ArrayPool<byte>.Shared.Return(data);
            ArrayPool<RowStatus>.Shared.Return(statuses);
            ArrayPool<long>.Shared.Return(versions);
        }
    }

    /// <summary>A row that is missing leaves its place as it was.</summary>
    private static void CopyBack(in RowBlock from, int rowByteCount, ReadOnlySpan<int> positions, in RowBlock to)
    {
        for (int i = 0; i < positions.Length; i++)
        {
            int position = positions[i];
            to.Statuses.Span[position] = from.Statuses.Span[i];
            if (!to.Versions.IsEmpty)
            {
                to.Versions.Span[position] = from.Versions.Span[i];
            }

            if (from.Statuses.Span[i] == RowStatus.Found)
            {
                from.Rows.Span.Slice(i * rowByteCount, rowByteCount).CopyTo(to.Rows.Span[(position * rowByteCount)..]);
            }
        }
    }

    /// <summary>Offers the device what was found below.</summary>
    private static void OfferAll(DeviceTable rows, ReadOnlySpan<long> rowIds, in RowMisses misses, in RowBlock block, long clock)
    {
        if (misses.AreAll || block.Versions.IsEmpty)
        {
            return;
        }

        int size = rows.Layout.DataByteCount;
        ReadOnlySpan<int> missed = misses.Positions.Span;
        for (int i = 0, miss = 0; i < rowIds.Length; i++)
        {
            if (miss < missed.Length && missed[miss] == i)
            {
                miss++;
            }
            else if (block.Statuses.Span[i] == RowStatus.Found && block.Versions.Span[i] > 0)
            {
                rows.Offer(rowIds[i], block.Versions.Span[i], clock, block.Rows.Span.Slice(i * size, size));
            }
        }
    }
}
