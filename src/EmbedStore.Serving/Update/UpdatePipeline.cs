using System.Diagnostics;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How a write travels: from the subscript to the logs of the shards.</summary>
/// <remarks>
/// <para>(1) The subscript is resolved against the table's shape, (2) values are stretched and converted to what rows are made of: every mistake
/// of the caller is found by then, and nothing was written. (3) The entries are split by shard, (4) the router writes to all shards at once,
/// (5) their receipts become one answer; where the table has more rows than it may have then, (6) others make room first.</para>
/// <para>Each shard applies its part whole. When one refuses, others may have applied theirs: the caller learns which refused. Assigning again is safe, and with a writer every write is.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed class UpdatePipeline(IShardRouter router, ServingLimits limits)
{
    /// <summary>Writes, and returns once the table's durability is met.</summary>
    /// <exception cref="EmbedStoreException">As <see cref="Prepare"/> and <see cref="CommitAsync"/>.</exception>
    public async ValueTask<UpdateAnswer> ApplyAsync(Table table, UpdateRequest request, CancellationToken cancellation)
    {
        using WriterTurn turn = await TakeTurnAsync(request.Writer, [table], cancellation);
        return await CommitAsync(Prepare(turn, table, request), cancellation);
    }

    /// <inheritdoc cref="WriterTurn.TakeAsync"/>
    public ValueTask<WriterTurn> TakeTurnAsync(WriterClaim? writer, IEnumerable<Table> tables, CancellationToken cancellation) =>
        WriterTurn.TakeAsync(writer, tables, router, cancellation);

    /// <summary>Where a writer stands in a table.</summary>
    /// <exception cref="EmbedStoreException">Starting or ShardUnavailable: a shard that may know more does not serve.</exception>
    public async ValueTask<WriterProgress> ProgressOfAsync(Table table, string writer, CancellationToken cancellation) =>
        TableWriters.ProgressOf(await router.WriterStatesAsync(table, writer, cancellation));

    /// <summary>Checks a write and prepares it. Nothing is written yet. </summary>
    /// <param name="turn">The request's, until it is committed.</param>
    /// <param name="table">Where it writes.</param>
    /// <param name="request">What it writes.</param>
    /// <exception cref="EmbedStoreException">
    /// BodyTooLarge for a tensor of ids; as <see cref="SubscriptResolver.Resolve"/>; for the values MissingTensor and UnsupportedDtype after its names; ResultTooLarge,
    /// ShapeMismatch, InvalidParameter and InvalidGradient before its indices; TooManyIndices when less than whole rows would be erased or trained; for the writer WriterFenced
    /// and SequenceGap; Starting, ShardUnavailable.
    /// </exception>
    public PreparedUpdate Prepare(WriterTurn turn, Table table, UpdateRequest request)
    {
        RequireOptimizer(table, request.Kind);
        double rate = RateOf(table, request);
        table.RequireRecovered();
        SubscriptResolver.RequireNames(request.Subscript, request.Tensors, request.Dialect);
        RequireValues(table, request);
        ReadOnlyMemory<byte> values = default;
        SubscriptPlan plan = Resolve(table, request, shape => values = Convert(table, shape, request));   // 1, 2
        WriterState?[] states = request.Writer is null ? [] : turn.StatesOf(table);
        bool isRepeat = request.Writer is { } claim && TableWriters.IsRepeat(states, claim);
        RowList rows = RowList.Of(plan);
        limits.RequireWrite(plan, RowWrite.ValueTypeOf(request.Kind, table.Rows), rows.Keys);
        var entries = new UpdateEntries(request.Kind, rows, plan.ElementColumns(), plan.Columns, values)
        {
            Writer = request.Writer,
            Step = new OptimizerStep(rate, 0),
        };
        return new PreparedUpdate(table, entries, states, isRepeat);
    }

    /// <summary>Writes what was prepared.</summary>
    /// <exception cref="EmbedStoreException">StorageFull, ShardUnavailable, Starting, WriterFenced; InvalidParameter for a retry that is another request than before.</exception>
    public async ValueTask<UpdateAnswer> CommitAsync(PreparedUpdate update, CancellationToken cancellation)
    {
        UpdateEntries entries = update.Entries;
        if (update.IsRepeat)
        {
            await AnnounceEpochAsync(update, entries.Writer!.Value, cancellation);
            await MakeRoomAsync(update.Table, protectedFrom: long.MaxValue, cancellation);
            return new UpdateAnswer(entries.Kind == RowWriteKind.Erase ? 0 : entries.Rows.Count, update.Table.Version, IsDuplicate: true);
        }

        if (entries.Kind == RowWriteKind.Apply)
        {
            long? taken = entries.Writer is { } claim ? TableWriters.StepTaken(update.States, claim) : null;
            entries = entries with { Step = entries.Step with { Number = taken ?? await router.NextStepAsync(update.Table, cancellation) } };
        }

        return await WriteAsync(update.Table, entries, update.States, cancellation);
    }

    /// <summary>Writes whole rows whose values have the table's own form: an import.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rows">Shape [n], valid in the table.</param>
    /// <param name="values">Shape [n, K] in <see cref="RowFormat.ValueType"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EmbedStoreException">StorageFull, ShardUnavailable, Starting.</exception>
    public ValueTask<UpdateAnswer> WriteRowsAsync(Table table, RowList rows, ReadOnlyMemory<byte> values, CancellationToken cancellation) =>
        WriteAsync(table, new UpdateEntries(RowWriteKind.Import, rows, default, ColumnRange.All(table.Rows.Width), values), [], cancellation);

    /// <summary>Writes to a shard of this server what another server has prepared.</summary>
    internal async ValueTask<WriteReceipt> WriteOwnedAsync(Table table, Shard shard, RowWrite write)
    {
        WriteReceipt receipt = await shard.WriteAsync(write, CancellationToken.None);
        table.Saw(receipt.Version);

        // Of a table with a capacity all shards have one owner.
        await MakeRoomAsync(table, protectedFrom: write.FirstTick, CancellationToken.None);
        return receipt;
    }

    /// <summary>A higher epoch that came with a repeat fences the writer before, though nothing else is written.</summary>
    private async ValueTask AnnounceEpochAsync(PreparedUpdate update, WriterClaim claim, CancellationToken cancellation)
    {
        Table table = update.Table;
        if (claim.Epoch <= TableWriters.ProgressOf(update.States).Epoch)
        {
            return;
        }

        (int shard, WriterStamp stamp) = TableWriters.EpochStamp(update.States, claim);
        ShardWrite[] writes = [new ShardWrite(shard, new RowWrite { Kind = RowWriteKind.Erase, RowIds = default, Writer = stamp, VersionMin = table.Version + 1 })];
        await RefuseUncommittedAsync(table, claim, writes, await WriteToShardsAsync(table, writes, cancellation));
    }

    private async ValueTask<UpdateAnswer> WriteAsync(Table table, UpdateEntries entries, WriterState?[] states, CancellationToken cancellation)
    {
        if (entries.Rows.Count == 0 && entries.Writer is null)
        {
            return new UpdateAnswer(0, table.Version);
        }

        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Write);
        table.RequireRecovered();
        using IndexPlan split = IndexPlan.Of(entries.Rows.Ids, RowMisses.All, table.Shards.Count, entries.Rows.Keys); // 3
        entries = entries with { FirstTick = table.Capacity?.Uses.Take(entries.Rows.Count) ?? 0 };
        IReadOnlyList<ShardWrite> writes = entries.SplitBy(split, versionMin: table.Version + 1);
        if (entries.Writer is { } claim)
        {
            TableWriters.RequireSameParts(states, claim, writes[0].Write.Writer!.Parts);
        }

        WriteReceipt[] receipts = await WriteToShardsAsync(table, writes, cancellation);            // 4
        await RefuseUncommittedAsync(table, entries.Writer, writes, receipts);
        long rowCount = entries.Kind == RowWriteKind.Erase ? receipts.Sum(static receipt => receipt.RowCount) : entries.Rows.Count;
        bool isDuplicate = Array.TrueForAll(receipts, static receipt => receipt.Outcome == WriteOutcome.Duplicate);
        var answer = new UpdateAnswer(rowCount, receipts.Max(static receipt => receipt.Version), isDuplicate);
        table.Saw(answer.Version);                                                                  // 5
        await MakeRoomAsync(table, protectedFrom: entries.FirstTick, cancellation);                 // 6
        return answer;
    }

    /// <summary>Evicts rows until the table has no more than its capacity, or a shard cannot.</summary>
    private async ValueTask MakeRoomAsync(Table table, long protectedFrom, CancellationToken cancellation)
    {
        if (table.Capacity is not { } capacity || !capacity.IsExceeded(table))
        {
            return;
        }

        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Evict);
        using TableCapacity.Turn turn = await capacity.TakeTurnAsync(cancellation);
        while (capacity.Round(table, protectedFrom) is { Count: > 0 } writes)
        {
            WriteReceipt[] receipts = await WriteToShardsAsync(table, writes, cancellation);
            if (!Array.TrueForAll(receipts, static receipt => receipt.Outcome == WriteOutcome.Committed))
            {
                // The update is written: who is told otherwise sends it again. The next one makes room.
                return;
            }

            table.Saw(receipts.Max(static receipt => receipt.Version));
        }
    }

    /// <summary>A snapshot ends before all parts of a request or behind all.</summary>
    private async ValueTask<WriteReceipt[]> WriteToShardsAsync(Table table, IReadOnlyList<ShardWrite> writes, CancellationToken cancellation)
    {
        await table.Commits.EnterAsync();
        try
        {
            return await router.WriteAsync(table, writes, cancellation);
        }
        finally
        {
            table.Commits.Leave();
        }
    }

    private SubscriptPlan Resolve(Table table, UpdateRequest request, Action<TensorShape> checkShape)
    {
        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Plan);
        IReadOnlyDictionary<string, Tensor> tensors = KeyTensors.Bind(table.Shape, request.Subscript, request.Tensors, limits);
        SubscriptPlan plan = SubscriptResolver.Resolve(
            request.Subscript, table.Shape, tensors, request.Dialect, new PlanLimits(limits.IdCountMax), checkShape);
        if (request.Kind is RowWriteKind.Erase or RowWriteKind.Apply)
        {
            RequireWholeRows(plan);
        }

        return plan;
    }

    private static void RequireOptimizer(Table table, RowWriteKind kind)
    {
        if (kind == RowWriteKind.Apply && table.Rows.Optimizer is null)
        {
            throw new EmbedStoreException(ErrorCode.InvalidParameter, $"Table \"{table.Name}\" has no optimizer.", new Fact("parameter", "optimizer"));
        }
    }

    /// <summary>Rows are erased and trained, not elements.</summary>
    private static void RequireWholeRows(SubscriptPlan plan)
    {
        TableShape table = plan.Table;
        if (plan.ByElement || !plan.Columns.IsAll((int)table.RowWidth))
        {
            throw new EmbedStoreException(
                ErrorCode.TooManyIndices,
                "Whole rows are erased and trained: the subscript leaves the row's own dimension alone.",
                new Fact("expected", table.RowStrides.Count),
                new Fact("actual", table.Sizes.Rank));
        }
    }

    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>: the rate is none.</exception>
    private static double RateOf(Table table, UpdateRequest request)
    {
        double rate = request.Kind == RowWriteKind.Apply ? request.Rate ?? table.Rows.Optimizer!.Rate : 0;
        return LearningRate.IsOne(rate)
            ? rate
            : throw new EmbedStoreException(ErrorCode.InvalidParameter, FormattableString.Invariant($"lr is finite and at least 0; was {rate}."), new Fact("parameter", "lr"));
    }

    private static void RequireValues(Table table, UpdateRequest request)
    {
        if (request.Kind == RowWriteKind.Erase)
        {
            return;
        }

        string name = request.Kind == RowWriteKind.Apply ? "gradients" : "values";
        Tensor values = request.Values ?? throw new EmbedStoreException(ErrorCode.MissingTensor, $"The call needs '{name}'.", new Fact("tensor", name));
        if (request.Kind == RowWriteKind.Apply)
        {
            GradientConverter.RequireType(values);
        }
        else
        {
            ValueConverter.RequireType(values, table.Rows);
        }
    }

    /// <summary>The values of a put, stretched to what the subscript selects. Only values that fit its shape are converted: its size is limited.</summary>
    private ReadOnlyMemory<byte> Convert(Table table, TensorShape shape, UpdateRequest request)
    {
        limits.RequireResult(shape, RowWrite.ValueTypeOf(request.Kind, table.Rows));
        if (request.Values is not { } values || request.Kind == RowWriteKind.Erase)
        {
            return default;
        }

        if (request.Kind == RowWriteKind.Apply)
        {
            return GradientConverter.Convert(values, shape, table.Rows, limits.AllowNonFiniteGradients);
        }

        bool dropLeadingOnes = request.Kind == RowWriteKind.Assign;
        Broadcasting.Require(values.Shape, shape, dropLeadingOnes);
        return Broadcasting.Expand(ValueConverter.Convert(values, table.Rows), shape, dropLeadingOnes).Data;
    }

    private async ValueTask RefuseUncommittedAsync(Table table, WriterClaim? writer, IReadOnlyList<ShardWrite> writes, WriteReceipt[] receipts)
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
                case WriteOutcome.NotOwner:
                    throw slot.Unavailable("another server has taken it over");
                case WriteOutcome.Fenced:
                    throw TableWriters.Fenced(writer!.Value, (await ProgressOfAsync(table, writer.Value.Name, CancellationToken.None)).Epoch);
                case WriteOutcome.TooManyKeys:
                    throw new EmbedStoreException(ErrorCode.StorageFull, $"Shard {slot.Name} has no place for more keys.", new Fact("shard", slot.Name));
                case WriteOutcome.TooManyWriters:
                    throw new EmbedStoreException(ErrorCode.StorageFull, $"Shard {slot.Name} remembers as many writers as it can.", new Fact("shard", slot.Name));
            }
        }
    }
}
