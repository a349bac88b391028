using EmbedStore.Serving;
using EmbedStore.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace EmbedStore.Gpu;

/// <summary>Searches a slab of which slot i is row i: part by part, so that the keys of a part stay in the device's cache.</summary>
/// <remarks>Thread-safe; a half of a lane belongs to one thread.</remarks>
internal sealed class NearestRun
{
    /// <summary>Fewer rows are not worth a group of their own.</summary>
    private const int RowsPerSegment = 2048;

    private const int QueryCountMax = 256;

    private delegate void ScoreLaunch(AcceleratorStream stream, long first, int rowCount, ArrayView<float> queries, int queryCount, ArrayView<float> scales, ArrayView<float> keys);

    private delegate void ScaleLaunch(AcceleratorStream stream, long first, ArrayView<float> scales);

    private delegate void ExactLaunch(AcceleratorStream stream, long first, int rowCount, ArrayView<byte> queries, int skipsMissing, ArrayView<int> found);

    private readonly GpuDevice _device;
    private readonly Slab _slab;
    private readonly int _width;
    private readonly ScoreLaunch _l2;
    private readonly ScoreLaunch _dot;
    private readonly ScaleLaunch _scale;
    private readonly ExactLaunch _exact;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<float>, long, int, int, int, ArrayView<long>, int, ArrayView<ulong>> _select;
    private readonly Action<AcceleratorStream, KernelConfig, int, int, int, ArrayView<ulong>> _merge;

    private NearestRun(GpuDevice device, Slab slab, ScoreLaunch l2, ScoreLaunch dot, ScaleLaunch scale, ExactLaunch exact)
    {
        (_device, _slab, _width, _l2, _dot, _scale, _exact) = (device, slab, slab.Layout.Rows.Width, l2, dot, scale, exact);
        _select = TopKernel.LoadSelect(device);
        _merge = TopKernel.LoadMerge(device);
    }

    /// <returns>Null when the device does not search such rows.</returns>
    public static NearestRun? TryMake(GpuDevice device, Slab slab) => slab.Layout.Rows.ScaledByRow ? null : slab.Layout.Rows.ElementType switch
    {
        ElementType.F32 => Make<float, F32>(device, slab, Exact<uint>(device, slab)),
        ElementType.F16 => Make<ushort, F16>(device, slab, Exact<ushort>(device, slab)),
        ElementType.BF16 => Make<ushort, BF16>(device, slab, Exact<ushort>(device, slab)),
        _ => null,
    };

    /// <summary>Searches rows [0, rowCount).</summary>
    /// <param name="half">Cleared.</param>
    /// <param name="batch">For what.</param>
    /// <param name="rowCount">Slots that are rows.</param>
    /// <param name="rowIds">Shape [queries, count].</param>
    /// <param name="scores">Same shape.</param>
    /// <param name="exact">Shape [queries].</param>
    /// <returns>False: queries of this width and so many rows do not fit the half.</returns>
    public bool TryRun(LaneHalf half, in NearestBatch batch, long rowCount, Span<long> rowIds, Span<float> scores, Span<bool> exact)
    {
        int queryCount = exact.Length;
        int set = Math.Min(QueryCountMax, Math.Max(1, half.ByteCount / 4 / Math.Max(_width * 2 * sizeof(float), batch.Count * 2 * sizeof(ulong))));
        if (SizeOfQuery(batch.Count) > half.ByteCount / 2)
        {
            return false;
        }

        for (int first = 0; first < queryCount; first += set)
        {
            half.Clear();
            Run(half, batch, first, Math.Min(set, queryCount - first), rowCount, rowIds, scores, exact);
        }

        return true;
    }

    private long SizeOfQuery(int count) => (_width * 2L * sizeof(float)) + (count * 2L * sizeof(ulong)) + 256;

    private void Run(LaneHalf half, in NearestBatch batch, int firstQuery, int queryCount, long rowCount, Span<long> rowIds, Span<float> scores, Span<bool> exact)
    {
        int rowByteCount = _slab.Layout.DataByteCount;
        Part<float> queries = half.Take<float>(queryCount * _width);
        Part<byte> stored = half.Take<byte>(queryCount * rowByteCount);
        Part<int> found = half.Take<int>(queryCount);
        batch.Queries.Slice(firstQuery * _width, queryCount * _width).CopyTo(half.Host(queries));
        batch.StoredQueries.Slice(firstQuery * rowByteCount, queryCount * rowByteCount).CopyTo(half.Host(stored));
        half.Host(found).Clear();

        (int part, int segments) = Share(half.FreeByteCount, queryCount, batch.Count, rowCount);
        Part<ulong> candidates = half.Take<ulong>(queryCount * (segments + 1) * batch.Count);
        Part<float> scales = half.Take<float>(batch.Metric == NearestMetric.Cosine ? part : 0);
        Part<float> keys = half.Take<float>(queryCount * part);
        half.Host(candidates).Fill(TopKernel.None);
        half.Upload(queries);
        half.Upload(stored);
        half.Upload(found);
        half.Upload(candidates);
        for (long first = 0; first < rowCount; first += part)
        {
            int count = (int)Math.Min(part, rowCount - first);
            ArrayView<float> partScales = half.Device(scales).SubView(0, batch.Metric == NearestMetric.Cosine ? count : 0);
            ArrayView<float> partKeys = half.Device(keys).SubView(0, (long)queryCount * count);
            int skips = batch.SkipsMissing ? 1 : 0;
            _device.Step(DeviceStep.Launch);
            if (batch.Metric == NearestMetric.Cosine)
            {
                _scale(half.Stream, first, partScales);
            }

            (batch.Metric == NearestMetric.L2 ? _l2 : _dot)(half.Stream, first, count, half.Device(queries), queryCount, partScales, partKeys);
            _select(half.Stream, Groups((long)queryCount * segments), partKeys, first, count, segments, batch.Count, _slab.Words, skips, half.Device(candidates));
            _merge(half.Stream, Groups(queryCount), queryCount, segments, batch.Count, half.Device(candidates));
            _exact(half.Stream, first, count, half.Device(stored), skips, half.Device(found));
        }

        half.Download(candidates);
        half.Download(found);
        half.Wait();
        ReadOnlySpan<ulong> best = half.Host(candidates);
        for (int query = 0; query < queryCount; query++)
        {
            exact[firstQuery + query] = half.Host(found)[query] != 0 && batch.CanBeRow[firstQuery + query];
            int to = (firstQuery + query) * batch.Count;
            Write(best.Slice(query * (segments + 1) * batch.Count, batch.Count), batch.Metric, rowIds.Slice(to, batch.Count), scores.Slice(to, batch.Count));
        }
    }

    private static void Write(ReadOnlySpan<ulong> best, NearestMetric metric, Span<long> rowIds, Span<float> scores)
    {
        for (int i = 0; i < best.Length; i++)
        {
            rowIds[i] = best[i] == TopKernel.None ? -1 : TopKernel.RowOf(best[i]);
            float key = TopKernel.KeyOf(best[i]);
            scores[i] = metric == NearestMetric.L2 ? key : 0 - key;
        }
    }

    /// <summary>Rows of a part, and groups that share a query, so that keys and candidates fit.</summary>
    private (int Part, int Segments) Share(int freeByteCount, int queryCount, int count, long rowCount)
    {
        int segments = Math.Max(1, _device.GroupCountMax / queryCount);
        long candidates = (long)queryCount * (segments + 1) * count * sizeof(ulong);
        while (segments > 1 && candidates > freeByteCount / 4)
        {
            segments /= 2;
            candidates = (long)queryCount * (segments + 1) * count * sizeof(ulong);
        }

        long part = Math.Clamp((freeByteCount - candidates - 64) / ((queryCount + 1) * sizeof(float)), 1, rowCount);
        return ((int)part, (int)Math.Clamp(part / RowsPerSegment, 1, segments));
    }

    private KernelConfig Groups(long count) => new((int)Math.Clamp(count, 1, _device.GroupCountMax), _device.GroupSize);

    private static NearestRun Make<TStored, TWiden>(GpuDevice device, Slab slab, ExactLaunch exact)
        where TStored : unmanaged
        where TWiden : unmanaged, IWiden<TStored, float>
    {
        var scale = ScaleKernel<TStored, TWiden>.Load(device);
        int width = slab.Layout.Rows.Width;
        return new NearestRun(
            device,
            slab,
            Score<TStored, TWiden, L2Distance>(device, slab),
            Score<TStored, TWiden, DotDistance>(device, slab),
            (stream, first, scales) => scale(stream, device.Grid(scales.Length), slab.As<TStored>(), slab.Stride<TStored>(), first, width, scales),
            exact);
    }

    private static ScoreLaunch Score<TStored, TWiden, TDistance>(GpuDevice device, Slab slab)
        where TStored : unmanaged
        where TWiden : unmanaged, IWiden<TStored, float>
        where TDistance : unmanaged, IDistance
    {
        var kernel = ScoreKernel<TStored, TWiden, TDistance>.Load(device);
        int width = slab.Layout.Rows.Width;
        int side = ScoreKernel<TStored, TWiden, TDistance>.SideOf(device.GroupSize);
        return (stream, first, rowCount, queries, queryCount, scales, keys) => kernel(
            stream, new KernelConfig(device.GroupCountMax, side * side), slab.As<TStored>(), slab.Stride<TStored>(), first, rowCount, width, queries, queryCount, scales, side, keys);
    }

    private static ExactLaunch Exact<TWord>(GpuDevice device, Slab slab)
        where TWord : unmanaged, IEquatable<TWord>
    {
        var kernel = ExactKernel<TWord>.Load(device);
        int width = slab.Layout.Rows.Width;
        return (stream, first, rowCount, queries, skipsMissing, found) => kernel(
            stream, device.Grid(rowCount), slab.As<TWord>(), slab.Stride<TWord>(), first, rowCount, width, queries.Cast<TWord>(), slab.Words, skipsMissing, found);
    }
}
