using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Update;

/// <summary>A request over several shards counts once, whatever part of it a crash let through.</summary>
public sealed class ExactlyOnceTests : IAsyncDisposable
{
    private const int RowCount = 64;
    private readonly string _folder = Directory.CreateTempSubdirectory("embedstore-writers-").FullName;
    private readonly TableCatalog _catalog;
    private readonly UpdatePipeline _updates = new(new LocalShardRouter(), new ServingLimits());
    private readonly Table _table;

    public ExactlyOnceTests()
    {
        _catalog = TableCatalog.Open(new StorageOptions { Folder = _folder });
        var spec = new TableSpec { Sizes = [RowCount, 1], ShardCount = 4 };
        _table = _catalog.CreateAsync("t", spec, CancellationToken.None).GetAwaiter().GetResult().Table;
    }

    [Fact]
    public async Task ApplyAsync_RepeatedRequest_IsAcknowledgedAndNotApplied()
    {
        UpdateAnswer first = await AddOneAsync(1);
        UpdateAnswer again = await AddOneAsync(1);
        Assert.False(first.IsDuplicate);
        Assert.True(again.IsDuplicate);
        Assert.All(await ReadAsync(), value => Assert.Equal(1, value));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(5, 1)]
    public async Task ApplyAsync_SequenceLeftOut_IsRefusedWithTheExpectedOne(long sequence, long expected)
    {
        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => AddOneAsync(sequence));
        Assert.Equal((ErrorCode.SequenceGap, (object)expected), (error.Code, error["expected"]));
        Assert.All(await ReadAsync(), value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task ApplyAsync_LowerEpoch_IsFencedEvenOnShardsThatNeverSawTheHigherOne()
    {
        await AddOneAsync(1, epoch: 0);
        await AddOneAsync(2, epoch: 7, ids: [0]);
        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => AddOneAsync(3, epoch: 6));
        Assert.Equal((ErrorCode.WriterFenced, (object)7L), (error.Code, error["expected"]));
    }

    /// <summary>Every subset of the four shards may have the request when the server dies.</summary>
    [Fact]
    public async Task ApplyAsync_RetryAfterSomeShardsHadIt_AppliesItOnceEverywhere()
    {
        for (int had = 0; had < 16; had++)
        {
            long sequence = had + 1;
            await WritePartsAsync(sequence, had);
            Assert.Equal(had == 15 ? sequence : sequence - 1, TableWriters.ProgressOf(_table, "trainer").Sequence);

            UpdateAnswer answer = await AddOneAsync(sequence);

            Assert.Equal(had == 15, answer.IsDuplicate);
            Assert.Equal(sequence, TableWriters.ProgressOf(_table, "trainer").Sequence);
            Assert.All(await ReadAsync(), value => Assert.Equal(sequence, value));
        }
    }

    [Fact]
    public async Task ApplyAsync_RetryThatIsAnotherRequest_IsRefusedAndTheFirstGoesOn()
    {
        await WritePartsAsync(sequence: 1, had: 0b0001);

        var error = await Assert.ThrowsAsync<EmbedStoreException>(() => AddOneAsync(1, ids: [0]));
        Assert.Equal((ErrorCode.InvalidParameter, (object)"Embedstore-Sequence"), (error.Code, error["parameter"]));

        await AddOneAsync(1);
        await AddOneAsync(2);
        Assert.All(await ReadAsync(), value => Assert.Equal(2, value));
    }

    [Fact]
    public async Task ApplyAsync_ManyRetriesAtOnce_CountOnce()
    {
        for (long sequence = 1; sequence <= 20; sequence++)
        {
            UpdateAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AddOneAsync(sequence)));
            Assert.Equal(7, answers.Count(static answer => answer.IsDuplicate));
        }

        Assert.All(await ReadAsync(), value => Assert.Equal(20, value));
    }

    [Fact]
    public async Task ApplyAsync_RequestWithoutRows_TakesItsSequence()
    {
        await AddOneAsync(1, ids: []);
        Assert.Equal(1, TableWriters.ProgressOf(_table, "trainer").Sequence);
        Assert.True((await AddOneAsync(1, ids: [])).IsDuplicate);
        await AddOneAsync(2);
        Assert.All(await ReadAsync(), value => Assert.Equal(1, value));
    }

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<UpdateAnswer> AddOneAsync(long sequence, long epoch = 0, long[]? ids = null)
    {
        ids ??= Enumerable.Range(0, RowCount).Select(id => (long)id).ToArray();
        return await _updates.ApplyAsync(
            _table,
            new UpdateRequest
            {
                Subscript = SubscriptParser.Parse("[ids]"),
                Tensors = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(ids.Length), ids) },
                Values = Tensor.Of(TensorShape.Scalar, 1f),
                Kind = RowWriteKind.Accumulate,
                Writer = new WriterClaim("trainer", epoch, sequence),
            },
            CancellationToken.None);
    }

    /// <summary>What a crash leaves: the request in the shards of <paramref name="had"/>, a bit for each, and in no other.</summary>
    private async Task WritePartsAsync(long sequence, int had)
    {
        foreach (int shard in Enumerable.Range(0, 4).Where(shard => (had >> shard & 1) == 1))
        {
            long[] ids = Enumerable.Range(0, RowCount).Select(id => (long)id).Where(id => ShardHash.ShardOf(id, 4) == shard).ToArray();
            float[] ones = [.. Enumerable.Repeat(1f, ids.Length)];
            await (await _table.Shards[shard].OpenAsync()).WriteAsync(
                new RowWrite
                {
                    Kind = RowWriteKind.Accumulate,
                    RowIds = ids,
                    Columns = ColumnRange.All(1),
                    Values = MemoryMarshal.AsBytes(ones.AsSpan()).ToArray(),
                    Writer = new WriterStamp("trainer", 0, sequence, [0, 1, 2, 3]),
                },
                CancellationToken.None);
        }
    }

    private async Task<float[]> ReadAsync()
    {
        var pipeline = new LookupPipeline(new NoRowCache(), new LocalShardRouter(), new CpuGather(), new ServingLimits());
        Lookup lookup = pipeline.Prepare(_table, new LookupRequest { Subscript = SubscriptParser.Parse("[:]"), Tensors = new Dictionary<string, Tensor>() });
        byte[] rows = new byte[lookup.ByteCount];
        await lookup.ReadAsync(0, lookup.EntryCount, rows, CancellationToken.None);
        return MemoryMarshal.Cast<byte, float>(rows).ToArray();
    }
}
