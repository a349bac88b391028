using System.Buffers;
using System.Runtime.InteropServices;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>The data calls of API section 4: gather, put, apply, source, bag, nearest, prefetch, erase.</summary>
/// <remarks>Each is the same walk: decode the body, check the parameters, lease the table, run the pipeline, send.</remarks>
internal sealed class DataCalls(TableCatalog catalog, LookupPipeline lookups, UpdatePipeline updates, RowPrefetcher prefetches, CallGate gate, ClusterPlace place, IOptions<EmbedStoreOptions> options)
{
    private const string DefaultIndex = "[ids]";

    /// <summary><c>t[index]</c>.</summary>
    public Task GatherAsync(HttpContext context) => RunAsync(context, "ids", async request =>
    {
        request.Parameters.RequireKnown("index", "dialect", "dtype", "missing", "permute", "status");
        int[]? permute = request.Parameters.Integers("permute");
        bool withStatus = request.Parameters.Flag("status");
        ElementType? type = request.Parameters.Type("dtype");
        MissingPolicy? missing = request.Parameters.Choice<MissingPolicy>("missing");
        Dialect dialect = request.Parameters.Dialect();
        using TableLease lease = catalog.Lease(TableOf(context));
        using var memory = new RequestMemory();
        var asked = new LookupRequest
        {
            Subscript = SubscriptOf(request),
            Tensors = request.Tensors,
            Dialect = dialect,
            Type = type,
            Missing = missing,
            WithStatus = withStatus,
            Freshness = FreshnessOf(context),
        };
        Lookup lookup = lookups.Prepare(lease.Table, asked, memory);
        Headers.SetVersion(context, lookup.Version);
        if (lookup.CanRefuse || withStatus || permute is not null)
        {
            await SendWholeAsync(context, request.AnswerEncoding, lookup, permute, withStatus ? memory : null);
        }
        else
        {
            await AnswerWriter.WriteAsync(context, request.AnswerEncoding, new LookupTensor("rows", lookup));
        }
    });

    /// <summary><c>t[index] = values</c>, <c>t[index] += values</c>.</summary>
    public Task PutAsync(HttpContext context) => RunAsync(context, "values", async request =>
    {
        request.Parameters.RequireKnown("index", "dialect", "accumulate");
        RowWriteKind kind = request.Parameters.Flag("accumulate") ? RowWriteKind.Accumulate : RowWriteKind.Assign;
        await UpdateAsync(context, request, kind, "values", "written");
    });

    /// <summary>One step of the table's optimizer.</summary>
    public Task ApplyAsync(HttpContext context) => RunAsync(context, "gradients", async request =>
    {
        request.Parameters.RequireKnown("index", "dialect", "lr");
        await UpdateAsync(context, request, RowWriteKind.Apply, "gradients", "applied");
    });

    /// <summary>Rows made missing.</summary>
    public Task EraseAsync(HttpContext context) => RunAsync(context, "ids", async request =>
    {
        request.Parameters.RequireKnown("index", "dialect");
        await UpdateAsync(context, request, RowWriteKind.Erase, null, "erased");
    });

    /// <summary>The inverse of a gather.</summary>
    public Task SourceAsync(HttpContext context) => RunAsync(context, "ids", async request =>
    {
        request.Parameters.RequireKnown("index", "dialect", "rows");
        bool withRows = request.Parameters.Flag("rows");
        Dialect dialect = request.Parameters.Dialect();
        using TableLease lease = catalog.Lease(TableOf(context));
        SubscriptPlan plan = lookups.Locate(lease.Table, new LookupRequest { Subscript = SubscriptOf(request), Tensors = request.Tensors, Dialect = dialect });
        Headers.SetVersion(context, lease.Table.Version);
        await AnswerWriter.WriteAsync(context, request.AnswerEncoding, SourceAnswer.Of(plan, withRows));
    });

    /// <summary>Rows that will be read soon. Answers before they are there.</summary>
    public Task PrefetchAsync(HttpContext context) => RunAsync(context, "ids", async request =>
    {
        request.Parameters.RequireKnown("index", "dialect", "hold");
        Dialect dialect = request.Parameters.Dialect();
        long hold = request.Parameters.Integer("hold", 0, (long)RowPrefetcher.HoldMax.TotalMilliseconds) ?? 0;
        TableLease lease = catalog.Lease(TableOf(context));
        int rowCount;
        try
        {
            ReadOnlyMemory<long> rowIds = lookups.RowsOf(
                lease.Table, new LookupRequest { Subscript = SubscriptOf(request), Tensors = request.Tensors, Dialect = dialect });
            rowCount = rowIds.Length;
            Headers.SetVersion(context, lease.Table.Version);
            prefetches.Add(lease, rowIds, TimeSpan.FromMilliseconds(hold));
        }
        catch
        {
            lease.Dispose();
            throw;
        }

        await JsonAnswer.WriteAsync(context, new System.Text.Json.Nodes.JsonObject { ["rows"] = rowCount }, StatusCodes.Status202Accepted);
    });

    /// <summary>Pooled rows.</summary>
    public Task BagAsync(HttpContext context) => RunAsync(context, "ids", async request =>
    {
        request.Parameters.RequireKnown("mode", "include_last_offset", "padding_idx", "dtype", "missing");
        var bag = new BagRequest
        {
            Tensors = request.Tensors,
            Mode = request.Parameters.Choice<PoolingMode>("mode") ?? PoolingMode.Mean,
            IncludeLastOffset = request.Parameters.Flag("include_last_offset"),
            PaddingIndex = request.Parameters.Integer("padding_idx"),
            Type = request.Parameters.Type("dtype"),
            Missing = request.Parameters.Choice<MissingPolicy>("missing"),
            Freshness = FreshnessOf(context),
        };
        using TableLease lease = catalog.Lease(TableOf(context));
        using var memory = new RequestMemory();
        BagAnswer answer = await lookups.PoolAsync(lease.Table, bag, memory, context.RequestAborted);
        Headers.SetVersion(context, answer.Version);
        await AnswerWriter.WriteAsync(context, request.AnswerEncoding, new MemoryTensor("rows", answer.Rows));
    });

    /// <summary>The rows nearest to queries.</summary>
    public Task NearestAsync(HttpContext context) => RunAsync(context, "queries", async request =>
    {
        request.Parameters.RequireKnown("k", "metric", "missing");
        var search = new NearestRequest
        {
            Tensors = request.Tensors,
            Count = (int)(request.Parameters.Integer("k", 1, NearestRequest.CountMax) ?? NearestRequest.CountDefault),
            Metric = request.Parameters.Choice<NearestMetric>("metric") ?? NearestMetric.L2,
            Missing = request.Parameters.Choice<MissingPolicy>("missing"),
        };
        using TableLease lease = catalog.Lease(TableOf(context));
        using var memory = new RequestMemory();
        NearestAnswer answer = await lookups.FindNearestAsync(lease.Table, search, memory, context.RequestAborted);
        Headers.SetVersion(context, answer.Version);
        AnswerTensor ids = answer.Ids.Keys is { } keys ? new KeysTensor("ids", answer.Ids.Shape, keys) : new MemoryTensor("ids", answer.Ids);
        await AnswerWriter.WriteAsync(
            context, request.AnswerEncoding, ids, new MemoryTensor("scores", answer.Scores), new MemoryTensor("exact", answer.Exact));
    });

    public static string TableOf(HttpContext context) => (string)context.Request.RouteValues["table"]!;

    private Freshness FreshnessOf(HttpContext context) => Headers.FreshnessOf(context.Request, place.StalenessMaxMilliseconds);

    private async Task RunAsync(HttpContext context, string mainTensor, Func<DataRequest, Task> call)
    {
        gate.Enter();
        try
        {
            using DataRequest request = await RequestReader.ReadAsync(context.Request, mainTensor, options.Value.Limits.BodyBytes);
            _ = FreshnessOf(context);
            await call(request);
        }
        finally
        {
            gate.Leave();
        }
    }

    private async Task UpdateAsync(HttpContext context, DataRequest request, RowWriteKind kind, string? valuesName, string countName)
    {
        WriterClaim? writer = Headers.WriterOf(context.Request);
        double? rate = RequestParameters.RateOf(request.Parameters.Number("lr"), "lr");
        Dialect dialect = request.Parameters.Dialect();
        using TableLease lease = catalog.Lease(TableOf(context));
        Tensor? values = null;
        if (valuesName is not null)
        {
            request.Tensors.Remove(valuesName, out values);
        }

        var update = new UpdateRequest
        {
            Subscript = SubscriptOf(request),
            Tensors = request.Tensors,
            Values = values,
            Kind = kind,
            Dialect = dialect,
            Rate = rate,
            Writer = writer,
        };

        // Once it is on its way to the logs a write is not called back: the caller could not know which shards had it.
        UpdateAnswer answer = await updates.ApplyAsync(lease.Table, update, CancellationToken.None);
        Headers.SetVersion(context, answer.Version);
        if (answer.IsDuplicate)
        {
            Headers.SetDuplicate(context);
        }

        await JsonAnswer.WriteAsync(context, new System.Text.Json.Nodes.JsonObject { [countName] = answer.RowCount, ["version"] = answer.Version });
    }

    private static Subscript SubscriptOf(DataRequest request) => SubscriptParser.Parse(request.Parameters.Text("index", DefaultIndex));

    /// <summary>Reads everything before anything is sent.</summary>
    private static async Task SendWholeAsync(HttpContext context, WireEncoding encoding, Lookup lookup, int[]? permute, RequestMemory? statusMemory)
    {
        if (permute is not null && !Permutation.TryNormalize(permute, lookup.Shape.Rank))
        {
            throw RequestParameters.Invalid("permute", $"names each of the {lookup.Shape.Rank} dimensions of {lookup.Shape} once");
        }

        byte[] rows = ArrayPool<byte>.Shared.Rent((int)lookup.ByteCount);
        byte[]? permuted = permute is null ? null : ArrayPool<byte>.Shared.Rent((int)lookup.ByteCount);
        try
        {
            Memory<byte> data = rows.AsMemory(0, (int)lookup.ByteCount);
            await lookup.ReadAsync(0, lookup.EntryCount, data, context.RequestAborted);
            TensorShape shape = lookup.Shape;
            if (permute is not null)
            {
                Permutation.Apply(data.Span, shape, permute, lookup.Type.ByteCount(), permuted.AsSpan(0, data.Length));
                (data, shape) = (permuted.AsMemory(0, data.Length), Permutation.Apply(shape, permute));
            }

            List<AnswerTensor> tensors = [new MemoryTensor("rows", new Tensor(lookup.Type, shape, data))];
            if (statusMemory is not null)
            {
                tensors.AddRange(StatusTensors(lookup, statusMemory));
            }

            await AnswerWriter.WriteAsync(context, encoding, tensors);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rows);
            if (permuted is not null)
            {
                ArrayPool<byte>.Shared.Return(permuted);
            }
        }
    }

    private static IEnumerable<AnswerTensor> StatusTensors(Lookup lookup, RequestMemory memory)
    {
        // An empty result has no entries, whatever the shape of its entries says.
        TensorShape shape = lookup.EntryCount == 0 && lookup.EntryShape.ElementCount > 0 ? TensorShape.Of(0) : lookup.EntryShape;
        return
        [
            new MemoryTensor("status", new Tensor(ElementType.U8, shape, BytesOf<RowStatus>(lookup.Statuses.Span, memory))),
            new MemoryTensor("version", new Tensor(ElementType.I64, shape, BytesOf<long>(lookup.Versions.Span, memory))),
        ];
    }

    private static Memory<byte> BytesOf<T>(ReadOnlySpan<T> elements, RequestMemory memory)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(elements);
        Memory<byte> copy = memory.Rent<byte>(bytes.Length);
        bytes.CopyTo(copy.Span);
        return copy;
    }
}
