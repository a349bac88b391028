using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Tensor = EmbedStore.Tensors.Tensor;

namespace EmbedStore.Serving;

/// <summary>An exact search: every row against every query, on as many threads as the gate lets in.</summary>
/// <remarks>Queries go over the table in sets, so that what is kept of them stays small: memory does not grow with the table.</remarks>
internal sealed class NearestScan(RowReader reader, ScanGate gate, Table table, NearestPlan plan, RequestMemory memory)
{
    /// <summary>Rows that a thread keeps for the queries of one set, all together.</summary>
    private const int KeptRowCountMax = 1 << 16;

    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    public async ValueTask<NearestAnswer> RunAsync(CancellationToken cancellation)
    {
        if (TrySearchAtOnce(table.Version) is { } found)
        {
            return found;
        }

        int workerCount = await gate.EnterAsync(WorkerCountMax(), cancellation);
        try
        {
            // Before the first row is looked at: all that are found are at least as new.
            long version = table.Version;
            TableKeys? keys = table.Shape.HasKeys ? await TableKeys.OfAsync(table, reader.Router, memory, cancellation) : null;
            return plan.ComputeType == ElementType.F64
                ? await RunAsync<double>(version, keys, workerCount, cancellation)
                : await RunAsync<float>(version, keys, workerCount, cancellation);
        }
        finally
        {
            gate.Leave(workerCount);
        }
    }

    private async ValueTask<NearestAnswer> RunAsync<T>(long version, TableKeys? keys, int workerCount, CancellationToken cancellation)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Memory<T> queries = ReadQueries<T>();
        ExactQueries exact = ExactQueries.Of(plan.Queries, plan.Format.Type, memory);
        Memory<byte> ids = memory.Rent<byte>(plan.QueryCount * plan.Count * sizeof(long));
        Memory<byte> scores = memory.Rent<byte>(plan.QueryCount * plan.Count * sizeof(float));
        int set = Math.Max(KeptRowCountMax / plan.Count, 1);
        for (int first = 0; first < plan.QueryCount; first += set)
        {
            int count = Math.Min(set, plan.QueryCount - first);
            ReadOnlyMemory<T> part = queries.Slice(first * table.Rows.Width, count * table.Rows.Width);
            using var own = new RequestMemory();
            TopRows<T> top = await SearchAsync(part, count, first == 0 ? exact : null, keys, workerCount, own, cancellation);
            Write(top, MemoryMarshal.Cast<byte, long>(ids.Span)[(first * plan.Count)..], MemoryMarshal.Cast<byte, float>(scores.Span)[(first * plan.Count)..]);
        }

        TensorShape shape = TensorShape.Of(plan.QueryCount, plan.Count);
        Tensor names = keys is null ? new Tensor(ElementType.I64, shape, ids) : Tensor.Of(shape, keys.Pick(MemoryMarshal.Cast<byte, long>(ids.Span)));
        return new NearestAnswer(names, new Tensor(ElementType.F32, shape, scores), ExactTensor(exact), version);
    }

    private NearestAnswer? TrySearchAtOnce(long version)
    {
        // What missing rows read as is known to a device only when it is zeros.
        bool readsMissing = !plan.SkipsMissing && plan.Format.FillMissing && table.Rows.Initializer != RowInitializer.Zeros;
        if (reader.Compute is null || plan.ComputeType != ElementType.F32 || readsMissing || table.Shape.HasKeys)
        {
            return null;
        }

        ExactQueries exact = ExactQueries.Of(plan.Queries, plan.Format.Type, memory);
        Memory<byte> ids = memory.Rent<byte>(plan.QueryCount * plan.Count * sizeof(long));
        Memory<byte> scores = memory.Rent<byte>(plan.QueryCount * plan.Count * sizeof(float));
        bool[] found = new bool[plan.QueryCount];
        var batch = new NearestBatch
        {
            Queries = ReadQueries<float>().Span,
            StoredQueries = exact.Rows,
            CanBeRow = exact.CanBeRow,
            Count = plan.Count,
            Metric = plan.Metric,
            SkipsMissing = plan.SkipsMissing,
        };
        Span<long> rowIds = MemoryMarshal.Cast<byte, long>(ids.Span);
        Span<float> rowScores = MemoryMarshal.Cast<byte, float>(scores.Span);
        if (!reader.Compute.TryFindNearest(table, batch, rowIds, rowScores, found))
        {
            return null;
        }

        for (int i = 0; i < rowIds.Length; i++)
        {
            rowScores[i] = rowIds[i] < 0 ? RowDistances.ScoreOf(plan.Metric, float.PositiveInfinity) : rowScores[i];
        }

        exact.SetFound(found);
        TensorShape shape = TensorShape.Of(plan.QueryCount, plan.Count);
        return new NearestAnswer(new Tensor(ElementType.I64, shape, ids), new Tensor(ElementType.F32, shape, scores), ExactTensor(exact), version);
    }

    private async Task<TopRows<T>> SearchAsync<T>(
        ReadOnlyMemory<T> queries, int queryCount, ExactQueries? exact, TableKeys? keys, int workerCount, RequestMemory own, CancellationToken cancellation)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using Candidates candidates = await Candidates.OfAsync(table, keys, reader.Router, cancellation);
        NearestWorker<T>[] workers = [.. Enumerable.Range(0, workerCount).Select(_ => new NearestWorker<T>(reader, table, plan, keys, queryCount, own))];
        await Task.WhenAll(workers.Select(worker => Task.Run(() => worker.RunAsync(candidates, queries, exact, cancellation), CancellationToken.None)));
        foreach (NearestWorker<T> other in workers.AsSpan(1))
        {
            workers[0].Top.Merge(other.Top);
        }

        return workers[0].Top;
    }

    /// <summary>A small table is searched before a second thread has woken up.</summary>
    private int WorkerCountMax()
    {
        const long PairsPerWorker = 1 << 14;
        long rows = table.Shape.IsOpen ? table.RowCount : table.Shape.RowCount;
        return (int)Int128.Clamp((Int128)rows * plan.QueryCount / PairsPerWorker, 1, Environment.ProcessorCount);
    }

    private Memory<T> ReadQueries<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int width = table.Rows.Width;
        Memory<T> queries = memory.Rent<T>(plan.QueryCount * width);
        ElementConverter.Convert(plan.Queries.Data.Span, plan.Queries.Type, MemoryMarshal.AsBytes(queries.Span), plan.ComputeType);
        for (int query = 0; query < plan.QueryCount && plan.Metric == NearestMetric.Cosine; query++)
        {
            Span<T> elements = queries.Span.Slice(query * width, width);
            T length = TensorPrimitives.Norm<T>(elements);
            TensorPrimitives.Multiply(elements, T.IsZero(length) ? T.Zero : T.One / length, elements);
        }

        return queries;
    }

    private void Write<T>(TopRows<T> top, Span<long> ids, Span<float> scores)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int query = 0; query < top.QueryCount; query++)
        {
            Span<long> queryIds = ids.Slice(query * plan.Count, plan.Count);
            Span<float> queryScores = scores.Slice(query * plan.Count, plan.Count);
            queryIds.Fill(-1);
            queryScores.Fill(RowDistances.ScoreOf(plan.Metric, float.PositiveInfinity));
            top.Finish(query, out ReadOnlySpan<T> keys, out ReadOnlySpan<long> found);
            found.CopyTo(queryIds);
            for (int i = 0; i < keys.Length; i++)
            {
                queryScores[i] = float.CreateTruncating(RowDistances.ScoreOf(plan.Metric, keys[i]));
            }
        }
    }

    private Tensor ExactTensor(ExactQueries exact)
    {
        Memory<byte> flags = memory.Rent<byte>(plan.QueryCount);
        for (int query = 0; query < plan.QueryCount; query++)
        {
            flags.Span[query] = exact.IsFound(query) ? (byte)1 : (byte)0;
        }

        return new Tensor(ElementType.Bool, TensorShape.Of(plan.QueryCount), flags);
    }
}
