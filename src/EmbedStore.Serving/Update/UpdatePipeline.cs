using System.Diagnostics;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How a write travels: from the subscript to the logs of the shards.</summary>
/// <remarks>
/// <para>(1) The subscript is resolved against the table's shape, (2) values are stretched and converted to what rows are made of: every mistake
/// of the caller is found by then, and nothing was written. (3) The entries are split by shard, (4) the router writes to all shards at once,
/// (5) their receipts become one answer.</para>
/// <para>Each shard applies its part whole. When one refuses, others may have applied theirs: the caller learns which refused, and repeats.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed class UpdatePipeline(IShardRouter router, ServingLimits limits)
{
    /// <summary>Writes, and returns once the table's durability is met.</summary>
    /// <exception cref="EmbedStoreException">
    /// As <see cref="SubscriptResolver.Resolve"/>, then for the values ResultTooLarge, UnsupportedDtype, ShapeMismatch and InvalidParameter; StorageFull, ShardUnavailable, Starting.
    /// </exception>
    public async ValueTask<UpdateAnswer> ApplyAsync(Table table, UpdateRequest request, CancellationToken cancellation)
    {
        SubscriptPlan plan = Resolve(table, request);                                               // 1
        ReadOnlyMemory<byte> values = Convert(table, plan, request);                                // 2
        var entries = new UpdateEntries(request.Kind, plan.RowIds(), plan.ElementColumns(), plan.Columns, values);
        return await WriteAsync(table, entries, cancellation);
    }

    /// <summary>Writes whole rows whose values have the table's own form: an import.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rowIds">Shape [n], valid in the table.</param>
    /// <param name="values">Shape [n, K] in <see cref="RowFormat.ValueType"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EmbedStoreException">StorageFull, ShardUnavailable, Starting.</exception>
    public ValueTask<UpdateAnswer> WriteRowsAsync(Table table, ReadOnlyMemory<long> rowIds, ReadOnlyMemory<byte> values, CancellationToken cancellation) =>
        WriteAsync(table, new UpdateEntries(RowWriteKind.Assign, rowIds, default, ColumnRange.All(table.Rows.Width), values), cancellation);

    private async ValueTask<UpdateAnswer> WriteAsync(Table table, UpdateEntries entries, CancellationToken cancellation)
    {
        if (entries.RowIds.IsEmpty)
        {
            return new UpdateAnswer(0, table.Version);
        }

        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Write);
        using IndexPlan split = IndexPlan.Of(entries.RowIds, RowMisses.All, table.Shards.Count);    // 3
        IReadOnlyList<ShardWrite> writes = entries.SplitBy(split, table.Rows, versionMin: table.Version + 1);
        WriteReceipt[] receipts = await router.WriteAsync(table, writes, cancellation);             // 4
        RefuseUncommitted(table, writes, receipts);
        long rowCount = entries.Kind == RowWriteKind.Erase ? receipts.Sum(static receipt => receipt.RowCount) : entries.RowIds.Length;
        var answer = new UpdateAnswer(rowCount, receipts.Max(static receipt => receipt.Version));
        table.Saw(answer.Version);                                                                  // 5
        return answer;
    }

    private SubscriptPlan Resolve(Table table, UpdateRequest request)
    {
        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Plan);
        limits.RequireIds(request.Tensors);
        SubscriptPlan plan = SubscriptResolver.Resolve(request.Subscript, table.Shape, request.Tensors, request.Dialect, new PlanLimits(limits.IdCountMax));
        if (request.Kind == RowWriteKind.Erase)
        {
            RequireWholeRows(plan);
        }

        limits.RequireWrite(plan, table.Rows.ValueType);
        return plan;
    }

    /// <summary>Rows are erased, not elements.</summary>
    private static void RequireWholeRows(SubscriptPlan plan)
    {
        TableShape table = plan.Table;
        if (plan.ByElement || !plan.Columns.IsAll((int)table.RowWidth))
        {
            throw new EmbedStoreException(
                ErrorCode.TooManyIndices,
                "Whole rows are erased: the subscript leaves the row's own dimension alone.",
                new Fact("expected", table.RowStrides.Count),
                new Fact("actual", table.Sizes.Rank));
        }
    }

    private static ReadOnlyMemory<byte> Convert(Table table, SubscriptPlan plan, UpdateRequest request)
    {
        if (request.Kind == RowWriteKind.Erase)
        {
            return default;
        }

        Tensor values = request.Values ?? throw new EmbedStoreException(ErrorCode.MissingTensor, "A put needs 'values'.", new Fact("tensor", "values"));
        Tensor converted = ValueConverter.Convert(values, table.Rows);
        return Broadcasting.Expand(converted, plan.ResultShape, dropLeadingOnes: request.Kind == RowWriteKind.Assign).Data;
    }

    private static void RefuseUncommitted(Table table, IReadOnlyList<ShardWrite> writes, WriteReceipt[] receipts)
    {
        for (int i = 0; i < receipts.Length; i++)
        {
            ShardSlot slot = table.Shards[writes[i].Shard];
            switch (receipts[i].Outcome)
            {
                case WriteOutcome.StorageFull:
                    throw slot.StorageFull();
                case WriteOutcome.Unavailable:
                    throw slot.Unavailable();
            }
        }
    }
}
