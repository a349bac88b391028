using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests.Capacity;

/// <summary>One table of rows of one float in a folder of its own, with a clock that is moved by hand.</summary>
internal sealed class OpenTable : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LocalShardRouter _router = new();
    private readonly HandClock _time = new();
    private TableCatalog _catalog;

    private OpenTable()
    {
        Lookups = new LookupPipeline(new LocalRowCache(), _router, new CpuGather(), new ServingLimits());
        Updates = new UpdatePipeline(_router, new ServingLimits());
        _catalog = TableCatalog.Open(Storage);
    }

    public LookupPipeline Lookups { get; }

    public UpdatePipeline Updates { get; }

    public Table Table => _catalog.Tables[0];

    private StorageOptions Storage => new() { Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 16 << 20, Time = _time };

    public static async Task<OpenTable> CreateAsync(string spec)
    {
        var table = new OpenTable();
        await table._catalog.CreateAsync("t", TestTables.Spec(spec), CancellationToken.None);
        return table;
    }

    public void Advance(TimeSpan by) => _time.Now += by;

    public Task<UpdateAnswer> PutAsync(params long[] ids) => WriteAsync(RowWriteKind.Assign, ids, ids.Select(static id => (float)id).ToArray());

    public Task<UpdateAnswer> EraseAsync(params long[] ids) => WriteAsync(RowWriteKind.Erase, ids, null);

    public async Task<UpdateAnswer> WriteAsync(RowWriteKind kind, long[] ids, float[]? values, WriterClaim? writer = null)
    {
        var request = new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[ids]"),
            Tensors = Ids(ids),
            Values = values is null ? null : Tensor.Of(TensorShape.Of(ids.Length, 1), values.AsSpan()),
            Kind = kind,
            Writer = writer,
        };
        return await Updates.ApplyAsync(Table, request, CancellationToken.None);
    }

    /// <summary>Reads rows as a request does: those that are found are used.</summary>
    public async Task<(float[] Rows, RowStatus[] Statuses)> GatherAsync(params long[] ids)
    {
        Lookup lookup = Lookups.Prepare(Table, new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = Ids(ids), WithStatus = true });
        byte[] rows = new byte[lookup.ByteCount];
        int half = lookup.EntryCount / 2;
        await lookup.ReadAsync(0, half, rows.AsMemory(0, half * lookup.EntryByteCount), CancellationToken.None);
        await lookup.ReadAsync(half, lookup.EntryCount - half, rows.AsMemory(half * lookup.EntryByteCount), CancellationToken.None);
        return (MemoryMarshal.Cast<byte, float>(rows).ToArray(), lookup.Statuses.ToArray());
    }

    /// <summary>Looks without using anything.</summary>
    public async Task<RowStatus[]> StatusesAsync(params long[] ids)
    {
        var statuses = new RowStatus[ids.Length];
        using IndexPlan plan = IndexPlan.Of(ids, RowMisses.All, Table.Shards.Count);
        await _router.ReadAsync(Table, plan, new RowBlock(new byte[ids.Length * Table.Rows.DataByteCount], statuses, default), CancellationToken.None);
        return statuses;
    }

    /// <summary>The ids of an export.</summary>
    public async Task<long[]> ExportedIdsAsync() => MemoryMarshal.Cast<byte, long>((await Lookups.ExportAsync(Table, null, default)).RowIds!.Data.Span).ToArray();

    public async Task ReopenAsync()
    {
        await _catalog.DisposeAsync();
        _catalog = TableCatalog.Open(Storage);
        Assert.Empty(await _catalog.RecoverAsync(CancellationToken.None));
    }

    public async Task<long> SnapshotAsync() => (await new TableSnapshots(_catalog, new LocalSnapshotShards(), Storage).TakeAsync(Table, CancellationToken.None)).Id;

    public Task RestoreAsync(long snapshot, int shardCount) => new TableRestorer(_catalog, new LocalShardRouter(), Storage).RestoreAsync("t", snapshot, shardCount, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        _folder.Dispose();
    }

    private static Dictionary<string, Tensor> Ids(long[] ids) => new() { ["ids"] = Tensor.Of(TensorShape.Of(ids.Length), ids.AsSpan()) };

    private sealed class HandClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
