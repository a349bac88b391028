using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests;

/// <summary>A catalog in a folder of its own with one table, written through the pipeline, and read from the cache and from the shards.</summary>
internal sealed class ServedTable : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("embedstore-serving-").FullName;
    private readonly TableSpec _spec;
    private readonly long _memoryByteCount;
    private readonly LocalRowCache _cache = new();
    private readonly LocalShardRouter _router = new();
    private TableCatalog? _catalog;
    private TableLease _lease;
    private bool _isLeased;

    private ServedTable(TableSpec spec, long memoryByteCount) => (_spec, _memoryByteCount) = (spec, memoryByteCount);

    public TableCatalog Catalog => _catalog!;

    public Table Table => _lease.Table;

    /// <summary>F32 rows of 4, Durability.None: no test here is about disks.</summary>
    public static TableSpec Spec(long rowCount, int shardCount = 3) =>
        new() { Sizes = [rowCount, 4], ShardCount = shardCount, Durability = Durability.None };

    public static async Task<ServedTable> OpenAsync(TableSpec spec, long memoryByteCount = 1 << 26)
    {
        var served = new ServedTable(spec, memoryByteCount);
        await served.OpenAsync();
        return served;
    }

    public string[] LogFiles() => Directory.GetFiles(_folder, "*.seg", SearchOption.AllDirectories);

    public async Task ReopenAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    public Task ReopenAfterCloseAsync() => OpenAsync();

    /// <summary>Ends the use of the table, which its catalog waits for.</summary>
    public void EndLease()
    {
        if (_isLeased)
        {
            _isLeased = false;
            _lease.Dispose();
        }
    }

    public async Task CloseAsync()
    {
        EndLease();
        await _catalog!.DisposeAsync();
    }

    public Task<UpdateAnswer> AssignAsync(long[] rowIds, params float[] values) => WriteAsync(RowWriteKind.Assign, rowIds, values);

    public Task<UpdateAnswer> AccumulateAsync(long[] rowIds, params float[] values) => WriteAsync(RowWriteKind.Accumulate, rowIds, values);

    public Task<UpdateAnswer> EraseAsync(params long[] rowIds) => WriteAsync(RowWriteKind.Erase, rowIds, []);

    /// <summary>What the cache says of some rows.</summary>
    public ReadRows ReadCache(params long[] rowIds)
    {
        ReadRows read = ReadRows.Of(Table, rowIds);
        RowMisses misses = _cache.Read(Table, rowIds, read.Block);
        Assert.False(misses.AreAll);
        Assert.Equal(read.Statuses.Count(static status => status != RowStatus.Found), misses.NotFoundCount);
        return read;
    }

    /// <summary>What the shards say of some rows.</summary>
    public async Task<ReadRows> ReadShardsAsync(params long[] rowIds)
    {
        ReadRows read = ReadRows.Of(Table, rowIds);
        using IndexPlan plan = IndexPlan.Of(rowIds, RowMisses.All, Table.Shards.Count);
        await _router.ReadAsync(Table, plan, read.Block, CancellationToken.None);
        return read;
    }

    /// <summary>What a lookup answers.</summary>
    public async Task<float[]> LookUpAsync(params long[] rowIds)
    {
        var pipeline = new LookupPipeline(_cache, _router, new CpuGather(), new ServingLimits());
        Lookup lookup = pipeline.Prepare(Table, new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = Ids(rowIds) });
        byte[] rows = new byte[lookup.ByteCount];
        await lookup.ReadAsync(0, lookup.EntryCount, rows, CancellationToken.None);
        return MemoryMarshal.Cast<byte, float>(rows).ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        _catalog = TableCatalog.Open(new StorageOptions { Folder = _folder, TableMemoryByteCount = _memoryByteCount, ReserveByteCount = 0 });
        await _catalog.RecoverAsync(CancellationToken.None);
        await _catalog.CreateAsync("t", _spec, CancellationToken.None);
        _lease = _catalog.Lease("t");
        _isLeased = true;
    }

    private async Task<UpdateAnswer> WriteAsync(RowWriteKind kind, long[] rowIds, float[] values) =>
        await new UpdatePipeline(_router, new ServingLimits()).ApplyAsync(Table, new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[ids]"),
            Tensors = Ids(rowIds),
            Values = kind == RowWriteKind.Erase ? null : Tensor.Of(TensorShape.Of(rowIds.Length, Table.Rows.Width), values.AsSpan()),
            Kind = kind,
        }, CancellationToken.None);

    private static Dictionary<string, Tensor> Ids(long[] rowIds) => new() { ["ids"] = Tensor.Of(TensorShape.Of(rowIds.Length), rowIds.AsSpan()) };
}

/// <summary>A batch that was read: slots that a missing row left alone hold NaN.</summary>
internal sealed record ReadRows(byte[] Data, RowStatus[] Statuses, long[] Versions)
{
    public RowBlock Block => new(Data, Statuses, Versions);

    public float[] Elements => MemoryMarshal.Cast<byte, float>(Data).ToArray();

    public static ReadRows Of(Table table, long[] rowIds)
    {
        byte[] data = new byte[rowIds.Length * table.Rows.DataByteCount];
        MemoryMarshal.Cast<byte, float>(data.AsSpan()).Fill(float.NaN);
        return new ReadRows(data, new RowStatus[rowIds.Length], new long[rowIds.Length]);
    }
}
