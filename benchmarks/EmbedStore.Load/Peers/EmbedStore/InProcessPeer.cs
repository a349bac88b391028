using System.Text.Json;
using EmbedStore.Serving;
using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>The data path of this repository in this process, without HTTP: subscript, plan, row cache or shards, gather.</summary>
internal sealed class InProcessPeer : IPeer
{
    private const int RunRowCount = 4096;
    private const int ShardCount = 4;

    private static readonly Subscript ByIds = SubscriptParser.Parse("[ids]");

    private readonly TableCatalog _catalog;
    private readonly LookupPipeline _lookups;
    private readonly Table _table;
    private RequestMemory _memory = new();

    /// <summary>Makes a table and fills it.</summary>
    /// <param name="folder">Of its data; empty.</param>
    /// <param name="memoryByteCount">As <c>RowStore:MemoryBytes</c>.</param>
    public InProcessPeer(string folder, RowSet rows, long memoryByteCount)
    {
        _catalog = TableCatalog.Open(new StorageOptions { Folder = folder, TableMemoryByteCount = memoryByteCount });
        var router = new LocalShardRouter();
        var limits = new ServingLimits();
        _lookups = new LookupPipeline(new LocalRowCache(), router, new CpuGather(), limits, coreCount: 1);
        _table = _catalog.CreateAsync("rows", Spec(rows), CancellationToken.None).GetAwaiter().GetResult().Table;
        var updates = new UpdatePipeline(router, limits);
        rows.ForEachRun(RunRowCount, (first, run) =>
        {
            long[] ids = [.. Enumerable.Range(0, run.Length / rows.RowByteCount).Select(i => first + i)];
            updates.WriteRowsAsync(_table, new RowList(ids, Keys: null), run, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        });
    }

    public string Name => "EmbedStore in process";

    public void Read(IdBatch batch, Memory<byte> rows)
    {
        Lookup lookup = _lookups.Prepare(_table, new LookupRequest { Subscript = ByIds, Tensors = TensorsOf(batch) });
        lookup.ReadAsync(0, lookup.EntryCount, rows, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>The pooled rows, one a bag; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Pool(IdBatch batch, PoolingMode mode)
    {
        _memory.Dispose();
        _memory = new RequestMemory();
        return _lookups.PoolAsync(_table, new BagRequest { Tensors = TensorsOf(batch), Mode = mode }, _memory, CancellationToken.None).AsTask().GetAwaiter().GetResult().Rows.Data;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _catalog.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private static Dictionary<string, Tensor> TensorsOf(IdBatch batch) => new() { ["ids"] = batch.Tensor };

    private static TableSpec Spec(RowSet rows)
    {
        using var json = JsonDocument.Parse($$"""{"shape": [{{rows.RowCount}}, {{rows.Width}}], "dtype": "{{rows.Type.WireName()}}"}""");
        return TableSpecJson.Read(json.RootElement.EnumerateObject().ToDictionary(static field => field.Name, static field => field.Value.Clone()), ShardCount);
    }
}
