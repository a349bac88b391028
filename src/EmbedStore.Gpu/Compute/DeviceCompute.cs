using System.Buffers;
using EmbedStore.Serving;

namespace EmbedStore.Gpu;

/// <summary>Gathers in other types, pools and searches on the device, where every row that is asked for is there.</summary>
/// <remarks>Thread-safe. Says no when a row is missing, the device is not worth it, busy or failed.</remarks>
/// <param name="tier">The device.</param>
public sealed class DeviceCompute(GpuTier tier) : IRowCompute
{
    /// <summary>How often a search sends changes there before it gives way to those that write.</summary>
    private const int SearchFlushCountMax = 2;

    /// <inheritdoc/>
    public bool TryGather(Table table, in AnswerFormat format, ReadOnlySpan<long> rowIds, Span<byte> destination, Span<long> versions)
    {
        if (tier.Of(table) is not { } rows || !rows.Gather.Converts(format.Type) || tier.Choice?.Reads(rowIds.Length, rows.Layout.DataByteCount) != true || !table.AllShardsServe())
        {
            return false;
        }

        int[] slots = ArrayPool<int>.Shared.Rent(Math.Max(rowIds.Length, 1));
        try
        {
            return TryEnter(rows, out Lane? lane) && Run(rows, lane!, rowIds, slots.AsSpan(0, rowIds.Length), format, destination, versions);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(slots);
        }
    }

    /// <inheritdoc/>
    public bool TryPool(Table table, in BagBatch batch, Span<byte> pooled)
    {
        if (tier.Of(table) is not { Bags: { } bags } rows || tier.Choice?.Pools(batch.RowIds.Length, rows.Layout.DataByteCount) != true || !table.AllShardsServe())
        {
            return false;
        }

        int[] slots = ArrayPool<int>.Shared.Rent(Math.Max(batch.RowIds.Length, 1));
        long[] begins = ArrayPool<long>.Shared.Rent(batch.Begins.Length);
        double[] weights = ArrayPool<double>.Shared.Rent(Math.Max(batch.Weights.Length, 1));
        try
        {
            return TryEnter(rows, out Lane? lane) && Run(rows, bags, lane!, batch, slots, begins.AsSpan(0, batch.Begins.Length), weights, pooled);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(slots);
            ArrayPool<long>.Shared.Return(begins);
            ArrayPool<double>.Shared.Return(weights);
        }
    }

    /// <inheritdoc/>
    public bool TryFindNearest(Table table, in NearestBatch batch, Span<long> rowIds, Span<float> scores, Span<bool> exact)
    {
        if (tier.Of(table) is not { Nearest: { } nearest } rows || tier.Choice?.Searches(exact.Length, table.Shape.RowCount, rows.Layout.Rows.Width) != true || !table.AllShardsServe())
        {
            return false;
        }

        for (int i = 0; i < SearchFlushCountMax && !rows.IsComplete; i++)
        {
            tier.Flush(rows);
        }

        if (!TryEnter(rows, out Lane? lane))
        {
            return false;
        }

        bool isDone = false;
        try
        {
            // What changes from here on may be in the answer or not: the search has begun.
            isDone = rows.IsComplete && nearest.TryRun(lane!.First, batch, table.Shape.RowCount, rowIds, scores, exact);
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            tier.Device!.GiveUp(e);
        }
        finally
        {
            Leave(rows, lane!);
        }

        return isDone && tier.Device!.IsOn;
    }

    private bool TryEnter(DeviceTable rows, out Lane? lane)
    {
        lane = tier.Lanes?.TryRent();
        if (lane is null)
        {
            return false;
        }

        if (!rows.TryEnter())
        {
            tier.Lanes!.Return(lane);
            return false;
        }

        tier.Device!.Enter();
        return true;
    }

    private void Leave(DeviceTable rows, Lane lane)
    {
        rows.Leave();
        tier.Lanes!.Return(lane);
    }

    private bool Run(DeviceTable rows, Lane lane, ReadOnlySpan<long> rowIds, Span<int> slots, in AnswerFormat format, Span<byte> destination, Span<long> versions)
    {
        try
        {
            int rowByteCount = format.EntryByteCount;
            int most = RowGather.RowCountMax(lane.First, rowByteCount);
            if (most == 0 || !rows.TryFind(rowIds, slots, versions))
            {
                return false;
            }

            GatherPass before = default;
            int beforeFirst = 0;
            int turn = 0;
            for (int first = 0; first < rowIds.Length; first += most, turn++)
            {
                LaneHalf half = lane.Half(turn);
                half.Clear();
                int count = Math.Min(most, rowIds.Length - first);
                if (rows.Gather.Start(half, slots.Slice(first, count), format.Type, out GatherPass pass) >= 0)
                {
                    throw new DeviceFaultException("The directory gave a slot that the device does not have.");
                }

                Finish(lane.Half(turn + 1), before, destination[(beforeFirst * rowByteCount)..]);
                (before, beforeFirst) = (pass, first);
            }

            Finish(lane.Half(turn + 1), before, destination[(beforeFirst * rowByteCount)..]);
            return tier.Device!.IsOn;
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            tier.Device!.GiveUp(e);
            return false;
        }
        finally
        {
            Leave(rows, lane);
        }
    }

    private static void Finish(LaneHalf half, GatherPass pass, Span<byte> destination)
    {
        if (pass.Rows.Count > 0)
        {
            half.Wait();
            half.Host(pass.Rows).CopyTo(destination);
        }
    }

    private bool Run(DeviceTable rows, BagRun bags, Lane lane, in BagBatch batch, int[] slots, Span<long> begins, double[] weights, Span<byte> pooled)
    {
        try
        {
            int count = TryPlace(rows, batch, slots, begins, weights);
            return count >= 0 && TryPool(bags, lane, slots, begins, batch.Weights.IsEmpty ? default : weights.AsSpan(0, count), batch.Mode, pooled) && tier.Device!.IsOn;
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            tier.Device!.GiveUp(e);
            return false;
        }
        finally
        {
            Leave(rows, lane);
        }
    }

    /// <summary>The slots of a bag's rows without padding, and where each bag begins among them.</summary>
    /// <returns>How many; -1: a row is not here.</returns>
    private static int TryPlace(DeviceTable rows, in BagBatch batch, Span<int> slots, Span<long> begins, Span<double> weights)
    {
        int count = 0;
        int bag = 0;
        for (int i = 0; i < batch.RowIds.Length; i++)
        {
            for (; bag < begins.Length && batch.Begins[bag] <= i; bag++)
            {
                begins[bag] = count;
            }

            if (batch.RowIds[i] == batch.PaddingId)
            {
                continue;
            }

            int slot = rows.Directory.Find(batch.RowIds[i], out _);
            if (slot < 0)
            {
                return -1;
            }

            if (!batch.Weights.IsEmpty)
            {
                weights[count] = batch.Weights[i];
            }

            slots[count++] = slot;
        }

        begins[bag..].Fill(count);
        return count;
    }

    /// <summary>Pools as many bags at a time as fit a half, one half while the other is on its way.</summary>
    /// <returns>False: one bag alone does not fit.</returns>
    private static bool TryPool(BagRun bags, Lane lane, ReadOnlySpan<int> slots, ReadOnlySpan<long> begins, ReadOnlySpan<double> weights, PoolingMode mode, Span<byte> pooled)
    {
        BagPass before = default;
        int beforeFirst = 0;
        int turn = 0;
        for (int first = 0; first < begins.Length - 1; turn++)
        {
            LaneHalf half = lane.Half(turn);
            int last = first;
            while (last < begins.Length - 1 && bags.SizeOf(begins[last + 1] - begins[first], last + 1 - first, !weights.IsEmpty) <= half.ByteCount)
            {
                last++;
            }

            if (last == first)
            {
                return false;
            }

            half.Clear();
            Range rowRange = (int)begins[first]..(int)begins[last];
            BagPass pass = bags.Start(half, slots[rowRange], begins[first..(last + 1)], weights.IsEmpty ? [] : weights[rowRange], mode);
            Finish(lane.Half(turn + 1), before, pooled[(beforeFirst * bags.BagByteCount)..]);
            (before, beforeFirst, first) = (pass, first, last);
        }

        Finish(lane.Half(turn + 1), before, pooled[(beforeFirst * bags.BagByteCount)..]);
        return true;
    }

    private static void Finish(LaneHalf half, BagPass pass, Span<byte> pooled)
    {
        if (pass.Pooled.Count > 0)
        {
            half.Wait();
            half.Host(pass.Pooled).CopyTo(pooled);
        }
    }
}
