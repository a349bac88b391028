using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests;

/// <summary>A catalog in a folder of its own with the pipelines over it.</summary>
internal sealed class TestTables : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TestTables(ServingLimits? limits = null, Shards.IDisk? disk = null)
    {
        Catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 1 << 20, Disk = disk ?? Shards.PhysicalDisk.Instance });
        var router = new LocalShardRouter();
        Lookups = new LookupPipeline(new NoRowCache(), router, new CpuGather(), limits ?? new ServingLimits());
        Updates = new UpdatePipeline(router, limits ?? new ServingLimits());
    }

    public TableCatalog Catalog { get; private set; }

    public LookupPipeline Lookups { get; }

    public UpdatePipeline Updates { get; }

    public string Folder => _folder.Path;

    public static TableSpec Spec(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return TableSpecJson.Read(document.RootElement.EnumerateObject().ToDictionary(static field => field.Name, static field => field.Value.Clone()), shardCountDefault: 2);
    }

    public async Task<Table> CreateAsync(string json, string name = "t") => (await Catalog.CreateAsync(name, Spec(json), CancellationToken.None)).Table;

    public Task<UpdateAnswer> PutAsync(Table table, string text, Tensor values, params (string Name, Tensor Tensor)[] tensors) =>
        WriteAsync(table, Shards.RowWriteKind.Assign, text, values, tensors);

    public async Task<UpdateAnswer> WriteAsync(Table table, Shards.RowWriteKind kind, string text, Tensor? values, params (string Name, Tensor Tensor)[] tensors) =>
        await Updates.ApplyAsync(table, new UpdateRequest { Subscript = SubscriptParser.Parse(text), Tensors = Named(tensors), Values = values, Kind = kind }, CancellationToken.None);

    public async Task<double[]> GetAsync(Table table, string text, params (string Name, Tensor Tensor)[] tensors) =>
        await ReadAsync(Lookups.Prepare(table, new LookupRequest { Subscript = SubscriptParser.Parse(text), Tensors = Named(tensors) }));

    /// <summary>Reads a lookup in two runs.</summary>
    public static async Task<double[]> ReadAsync(Lookup lookup)
    {
        byte[] data = new byte[lookup.ByteCount];
        int half = lookup.EntryCount / 2;
        await lookup.ReadAsync(0, half, data.AsMemory(0, half * lookup.EntryByteCount), CancellationToken.None);
        await lookup.ReadAsync(half, lookup.EntryCount - half, data.AsMemory(half * lookup.EntryByteCount), CancellationToken.None);
        return TensorValues.ToDoubles(lookup.Type, data);
    }

    public static Dictionary<string, Tensor> Named(params (string Name, Tensor Tensor)[] tensors) => tensors.ToDictionary(static pair => pair.Name, static pair => pair.Tensor);

    /// <summary>As after a restart.</summary>
    public async Task<IReadOnlyList<ShardSlot>> ReopenAsync()
    {
        await Catalog.DisposeAsync();
        Catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, ReserveByteCount = 0, TableMemoryByteCount = 1 << 20 });
        return await Catalog.RecoverAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Catalog.DisposeAsync();
        _folder.Dispose();
    }
}
