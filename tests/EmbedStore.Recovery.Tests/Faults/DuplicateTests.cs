using System.Runtime.InteropServices;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>Retries in numbers: each batch is sent twice, sometimes at once, sometimes after the server was opened again, and counts once.</summary>
public sealed class DuplicateTests : IDisposable
{
    private const int BatchCount = 100_000;
    private const int WriterCount = 100;
    private const int OpeningCount = 4;
    private const int RowsOfABatch = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly LocalShardRouter _router = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Retries_OfAHundredThousandBatches_CountOnce()
    {
        var updates = new UpdatePipeline(_router, new ServingLimits());
        int duplicates = 0;
        for (int opening = 0; opening < OpeningCount; opening++)
        {
            // The last batch of each writer before an opening is retried behind it.
            await using var catalog = TableCatalog.Open(new StorageOptions { Folder = _folder.Path, ReserveByteCount = 0 });
            Assert.Empty(await catalog.RecoverAsync(CancellationToken.None));
            (Table table, _) = await catalog.CreateAsync("t", new TableSpec { Sizes = [WriterCount, 1], ShardCount = 4, Durability = Durability.None }, CancellationToken.None);
            int perWriter = BatchCount / WriterCount / OpeningCount, first = 1 + (opening * perWriter);
            int[] counts = await Task.WhenAll(Enumerable.Range(0, WriterCount).Select(w => Task.Run(() => WriteAsync(updates, table, w, first, perWriter))));
            duplicates += counts.Sum();
            Assert.Equal(Enumerable.Repeat((float)(opening + 1) * perWriter * RowsOfABatch, WriterCount), await ReadAsync(table));
        }

        Assert.Equal(BatchCount + (WriterCount * (OpeningCount - 1)), duplicates);
    }

    private static async Task<int> WriteAsync(UpdatePipeline updates, Table table, int writer, int first, int count)
    {
        var random = new Random(TestSeed.Current + writer);
        int duplicates = first == 1 ? 0 : Duplicate(await SendAsync(updates, table, writer, first - 1));
        for (int sequence = first; sequence < first + count; sequence++)
        {
            Task<UpdateAnswer> sent = SendAsync(updates, table, writer, sequence);
            bool atOnce = random.Next(2) == 0;
            UpdateAnswer answer = atOnce ? default! : await sent;
            Task<UpdateAnswer> again = SendAsync(updates, table, writer, sequence);
            answer = atOnce ? await sent : answer;
            int told = Duplicate(answer) + Duplicate(await again);
            Assert.True(told == 1, $"writer {writer}, sequence {sequence}: told of {told} duplicates, {TestSeed.Hint}");
            duplicates += told;
        }

        return duplicates;
    }

    private static int Duplicate(UpdateAnswer answer) => answer.IsDuplicate ? 1 : 0;

    /// <summary>Adds 1 to the writer's row, so many times.</summary>
    private static Task<UpdateAnswer> SendAsync(UpdatePipeline updates, Table table, int writer, int sequence) => updates.ApplyAsync(
        table,
        new UpdateRequest
        {
            Subscript = SubscriptParser.Parse("[ids]"),
            Tensors = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(RowsOfABatch), [.. Enumerable.Repeat((long)writer, RowsOfABatch)]) },
            Values = Tensor.Of(TensorShape.Scalar, 1f),
            Kind = RowWriteKind.Accumulate,
            Writer = new WriterClaim($"writer-{writer}", 0, sequence),
        },
        CancellationToken.None).AsTask();

    private async Task<float[]> ReadAsync(Table table)
    {
        byte[] data = new byte[WriterCount * sizeof(float)];
        long[] ids = [.. Enumerable.Range(0, WriterCount).Select(static row => (long)row)];
        foreach (ShardSlot slot in table.Shards)
        {
            (await slot.OpenAsync()).Read(ids, [], data, new RowStatus[WriterCount], Memory<long>.Empty);
        }

        return MemoryMarshal.Cast<byte, float>(data).ToArray();
    }
}
