using System.Diagnostics;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How a read travels: from the subscript to elements of the answer.</summary>
/// <remarks>
/// <para>(1) The subscript is resolved against the table's shape: every mistake of the caller is found here. (2) The answer's size is checked.
/// Then, for one run of entries after another: (3) the row cache gives what it has, (4) the rest is split by shard, (5) the router reads
/// it from the shards, (6) stored rows become elements of the answer.</para>
/// <para>Thread-safe.</para>
/// </remarks>
/// <param name="cache">Rows that are at hand.</param>
/// <param name="router">The way to the others.</param>
/// <param name="gather">Makes elements of stored rows.</param>
/// <param name="limits">Of a request.</param>
/// <param name="compute">Asked first for what it may do at once, steps 3 to 6; null: nobody.</param>
/// <param name="coreCount">Threads that large reads of resident tables compute on at once. Default: as many as there are cores.</param>
public sealed class LookupPipeline(IRowCache cache, IShardRouter router, IGather gather, ServingLimits limits, IRowCompute? compute = null, int? coreCount = null)
{
    private readonly RowReader _reader = new(new OwnedRowCache(cache), router, gather, new SpareCores(coreCount ?? Environment.ProcessorCount), countsUses: true) { Compute = compute };
    private readonly RowReader _scanner = new(new OwnedRowCache(cache), router, gather, new SpareCores(1), countsUses: false) { Compute = compute };
    private readonly ScanGate _scans = new();

    /// <summary>Checks a gather and prepares it.</summary>
    /// <param name="table">The table.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="memory">What the lookup lives in.</param>
    /// <exception cref="EmbedStoreException">
    /// BodyTooLarge for a tensor of ids; as <see cref="SubscriptResolver.Resolve"/>; UnsupportedDtype for the answer's type after its names, ResultTooLarge before its indices.
    /// </exception>
    public Lookup Prepare(Table table, LookupRequest request, RequestMemory memory)
    {
        SubscriptResolver.RequireNames(request.Subscript, request.Tensors, request.Dialect);
        ElementType type = AnswerType(table, request.Type);
        MissingPolicy missing = request.Missing ?? table.Spec.Missing;
        if (WholeRows.TryPlan(table, request, type, limits, memory) is { } rows)                    // 1, 2
        {
            return new Lookup(_reader.With(request.Freshness), table, rows, AnswerFormat.OfRows(table.Rows, type, missing), missing, request.WithStatus ? memory : null); // 3 to 6, when it is read
        }

        SubscriptPlan plan = Resolve(table, request, type, memory);                                 // 1, 2
        var format = new AnswerFormat(table.Rows, plan.Columns, plan.ByElement, type, missing == MissingPolicy.Initialize);
        var entries = new LookupEntries(plan.ResultShape, plan.EntryShape, RowList.Of(plan, memory), plan.ElementColumns());
        return new Lookup(_reader.With(request.Freshness), table, entries, format, missing, request.WithStatus ? memory : null); // 3 to 6, when it is read
    }

    /// <inheritdoc cref="Prepare(Table, LookupRequest, RequestMemory)"/>
    public Lookup Prepare(Table table, LookupRequest request) => Prepare(table, request, new RequestMemory());

    /// <summary>Checks a bag and pools it.</summary>
    /// <param name="table">The table.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="memory">What the answer lives in.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <exception cref="EmbedStoreException">What <see cref="BagPlan.Of"/> refuses; RowNotFound, ShardUnavailable, Starting.</exception>
    public ValueTask<BagAnswer> PoolAsync(Table table, BagRequest request, RequestMemory memory, CancellationToken cancellation)
    {
        BagPlan plan = BagPlan.Of(table, request, new ResultBudget(limits), memory);                // 1, 2
        return new BagReader(_reader.With(request.Freshness), table, plan, memory).ReadAsync(cancellation);                 // 3 to 6
    }

    /// <summary>Checks the features of many tables and reads them together: each table's rows once.</summary>
    /// <param name="features">At least one; names and number are the caller's business.</param>
    /// <param name="freshness">How old rows may be.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <exception cref="EmbedStoreException">What <see cref="FeaturePlan.OfAll"/> refuses; RowNotFound, ShardUnavailable, Starting.</exception>
    public async ValueTask<FeatureAnswers> LookUpAsync(IReadOnlyList<FeatureRequest> features, Freshness freshness, CancellationToken cancellation)
    {
        var memory = new RequestMemory();
        try
        {
            IReadOnlyList<FeaturePlan> plans = FeaturePlan.OfAll(features, limits, memory);         // 1, 2
            return await new FeatureReader(_reader.With(freshness), router, gather, memory).ReadAsync(plans, cancellation); // 3 to 6
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Checks a search and runs it over every row.</summary>
    /// <param name="table">The table.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="memory">What the answer lives in.</param>
    /// <param name="cancellation">Ends the search between two blocks of rows.</param>
    /// <exception cref="EmbedStoreException">What <see cref="NearestPlan.Of"/> refuses; ShardUnavailable, Starting.</exception>
    public ValueTask<NearestAnswer> FindNearestAsync(Table table, NearestRequest request, RequestMemory memory, CancellationToken cancellation)
    {
        NearestPlan plan = NearestPlan.Of(table, request, limits);                                  // 1, 2
        return new NearestScan(_scanner, _scans, table, plan, memory).RunAsync(cancellation);        // 3 to 6, block by block
    }

    /// <summary>Where the elements of a gather come from; reads no row.</summary>
    /// <exception cref="EmbedStoreException">BodyTooLarge for a tensor of ids; as <see cref="SubscriptResolver.Resolve"/>; ResultTooLarge before its indices.</exception>
    public SubscriptPlan Locate(Table table, LookupRequest request) => Resolve(table, request, ElementType.I64, ArraySource.Heap);

    /// <summary>Ids of the rows that a gather would read; reads none.</summary>
    /// <exception cref="EmbedStoreException">As <see cref="Locate"/>.</exception>
    public ReadOnlyMemory<long> RowsOf(Table table, LookupRequest request) => Resolve(table, request, ElementType.U8, ArraySource.Heap).RowIds();

    /// <summary>A whole table, to be read run by run.</summary>
    /// <exception cref="EmbedStoreException">UnsupportedDtype for the answer's type; ShardUnavailable, Starting.</exception>
    public ValueTask<TableExport> ExportAsync(Table table, ElementType? type, CancellationToken cancellation) =>
        TableExport.BeginAsync(_scanner, table, AnswerType(table, type), cancellation);

    private SubscriptPlan Resolve(Table table, LookupRequest request, ElementType type, ArraySource arrays)
    {
        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Plan);
        IReadOnlyDictionary<string, Tensor> tensors = KeyTensors.Bind(table.Shape, request.Subscript, request.Tensors, limits, arrays);
        SubscriptPlan plan = SubscriptResolver.Resolve(
            request.Subscript, table.Shape, tensors, request.Dialect, new PlanLimits(limits.IdCountMax), shape => limits.RequireResult(shape, type), arrays);
        limits.RequireEntries(plan);
        return plan;
    }

    internal static ElementType AnswerType(Table table, ElementType? asked)
    {
        ElementType type = asked ?? table.Rows.ValueType;
        return ElementConverter.CanConvert(table.Rows.ValueType, type)
            ? type
            : throw new EmbedStoreException(
                ErrorCode.UnsupportedDtype, $"Rows of {table.Rows.ValueType.WireName()} cannot be answered as {type.WireName()}.", new Fact("tensor", "rows"));
    }
}
