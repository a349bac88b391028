using System.Runtime.InteropServices;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Gpu.Tests;

/// <summary>A table in a folder of its own, with a device above its row cache.</summary>
internal sealed class ServedDevice : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LocalShardRouter _router = new();
    private readonly TableCatalog _catalog;
    private TableLease _lease;

    private ServedDevice(long memoryByteCount, GpuOptions options, bool sends, ILogger logger)
    {
        Tier = new GpuTier(GpuDevice.Open(options, logger), options, logger, sends);
        Cache = new DeviceRowCache(Tier, new LocalRowCache());
        Compute = new DeviceCompute(Tier);
        _catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, TableMemoryByteCount = memoryByteCount, ReserveByteCount = 0, Tier = Tier });
        Lookups = new LookupPipeline(Cache, _router, new CpuGather(), new ServingLimits(), Compute);
        Plain = new LookupPipeline(new NoRowCache(), _router, new CpuGather(), new ServingLimits());
        Updates = new UpdatePipeline(_router, new ServingLimits());
    }

    /// <summary>The device for everything, nothing is measured; small lanes, so that a request takes several passes.</summary>
    public static GpuOptions Options { get; } = new() { Device = "cpu", CalibrationTime = TimeSpan.Zero, StagingBytes = 1 << 17, MemoryBytes = 64 << 20, StreamCount = 2 };

    public GpuTier Tier { get; }

    public DeviceRowCache Cache { get; }

    public DeviceCompute Compute { get; }

    public Table Table => _lease.Table;

    public DeviceTable Rows => Tier.Of(Table)!;

    /// <summary>Through the device.</summary>
    public LookupPipeline Lookups { get; }

    /// <summary>Through the shards alone.</summary>
    public LookupPipeline Plain { get; }

    public UpdatePipeline Updates { get; }

    public static TableSpec Spec(long? rowCount, int width = 4, ElementType type = ElementType.F32) => new() { Sizes = [rowCount, width], Type = type, ShardCount = 2, Durability = Durability.None };

    public static async Task<ServedDevice> OpenAsync(TableSpec spec, long memoryByteCount = 1 << 26, GpuOptions? options = null, bool sends = false, ILogger? logger = null)
    {
        var served = new ServedDevice(memoryByteCount, options ?? Options, sends, logger ?? NullLogger.Instance);
        await served._catalog.RecoverAsync(CancellationToken.None);
        await served._catalog.CreateAsync("t", spec, CancellationToken.None);
        served._lease = served._catalog.Lease("t");
        return served;
    }

    /// <summary>One more table, as long as this is there.</summary>
    public async Task<Table> AddAsync(string name, TableSpec spec)
    {
        await _catalog.CreateAsync(name, spec, CancellationToken.None);
        using TableLease lease = _catalog.Lease(name);
        await lease.Table.Shards[0].OpenAsync();
        return lease.Table;
    }

    public async Task DropAsync(string name) => await _catalog.DropAsync(name, CancellationToken.None);

    /// <summary>Sends what waits, and what the processor's memory has.</summary>
    public void Fill() => Tier.Fill(Table);

    public Task AssignAsync(long[] rowIds, params float[] values) => WriteAsync(RowWriteKind.Assign, rowIds, values);

    public Task EraseAsync(params long[] rowIds) => WriteAsync(RowWriteKind.Erase, rowIds, []);

    public async Task WriteAsync(RowWriteKind kind, long[] rowIds, float[] values) =>
        await Updates.ApplyAsync(Table, new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[ids]"),
            Tensors = Ids(rowIds),
            Values = kind == RowWriteKind.Erase ? null : Tensor.Of(TensorShape.Of(rowIds.Length, Table.Rows.Width), values.AsSpan()),
            Kind = kind,
        }, CancellationToken.None);

    public Task<float[]> LookUpAsync(params long[] rowIds) => LookUpAsync(Lookups, rowIds);

    public static Dictionary<string, Tensor> Ids(long[] rowIds) => new() { ["ids"] = Tensor.Of(TensorShape.Of(rowIds.Length), rowIds.AsSpan()) };

    public async Task<float[]> LookUpAsync(LookupPipeline pipeline, long[] rowIds, ElementType? type = null)
    {
        Lookup lookup = pipeline.Prepare(Table, new LookupRequest { Subscript = SubscriptParser.Parse("[ids]"), Tensors = Ids(rowIds), Type = type });
        byte[] rows = new byte[lookup.ByteCount];
        await lookup.ReadAsync(0, lookup.EntryCount, rows, CancellationToken.None);
        return lookup.Type == ElementType.F32 ? MemoryMarshal.Cast<byte, float>(rows).ToArray() : [.. TensorValues.ToDoubles(lookup.Type, rows).Select(static value => (float)value)];
    }

    public async ValueTask DisposeAsync()
    {
        _lease.Dispose();
        await _catalog.DisposeAsync();
        Tier.Dispose();
        _folder.Dispose();
    }
}
