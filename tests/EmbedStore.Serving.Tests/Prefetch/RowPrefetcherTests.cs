using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Prefetch;

/// <summary>What is asked for ahead comes into the cache, and a queue that is full says so.</summary>
public sealed class RowPrefetcherTests
{
    [Fact]
    public async Task Add_RowsThatExist_AreInTheCacheWhenTheQueueHasWorked()
    {
        await using ServedTable served = await OpenAsync();
        await served.AssignAsync([1, 2, 3], new float[12]);
        var queue = new RowPrefetcher(new LocalShardRouter(), new ServingLimits());
        using var stopping = new CancellationTokenSource();
        Task running = queue.RunAsync(stopping.Token);

        queue.Add(served.Catalog.Lease("t"), new long[] { 1, 2, 9 }, TimeSpan.FromSeconds(1));

        // A drop waits for the queue's lease, which ends when the request was served.
        long[] missed = [];
        while (missed is not [9, 3])
        {
            await Task.Yield();
            missed = MissedOf(served, 1, 2, 9, 3);
        }

        served.EndLease();
        await served.Catalog.DropAsync("t", CancellationToken.None);
        await stopping.CancelAsync();
        await running;
    }

    [Fact]
    public void Add_MoreThanMayWait_IsRefused()
    {
        var queue = new RowPrefetcher(new LocalShardRouter(), new ServingLimits());
        for (int i = 0; i < RowPrefetcher.WaitingCountMax; i++)
        {
            queue.Add(default, new long[1], TimeSpan.Zero);
        }

        var error = Assert.Throws<EmbedStoreException>(() => queue.Add(default, new long[1], TimeSpan.Zero));
        Assert.Equal((ErrorCode.Overloaded, RowPrefetcher.WaitingCountMax), (error.Code, (int)error["limit"]!));
    }

    [Fact]
    public void Add_MoreIdsThanMayWait_IsRefusedAndLeavesRoomForFewer()
    {
        var queue = new RowPrefetcher(new LocalShardRouter(), new ServingLimits { IdCountMax = 10 });
        queue.Add(default, new long[6], TimeSpan.Zero);
        var error = Assert.Throws<EmbedStoreException>(() => queue.Add(default, new long[5], TimeSpan.Zero));
        Assert.Equal((ErrorCode.Overloaded, 10L), (error.Code, (long)error["limit"]!));
        queue.Add(default, new long[4], TimeSpan.Zero);
    }

    [Fact]
    public async Task Run_Cancelled_LetsGoOfTheTablesThatWait()
    {
        await using ServedTable served = await OpenAsync();
        var queue = new RowPrefetcher(new LocalShardRouter(), new ServingLimits());
        queue.Add(served.Catalog.Lease("t"), new long[1], TimeSpan.Zero);
        await queue.RunAsync(new CancellationToken(canceled: true));
        served.EndLease();
        await served.Catalog.DropAsync("t", CancellationToken.None);
    }

    private static Task<ServedTable> OpenAsync() =>
        ServedTable.OpenAsync(ServedTable.Spec(1) with { Sizes = [null, 4] });

    private static long[] MissedOf(ServedTable served, params long[] rowIds)
    {
        using RowMisses misses = served.Table.Cached!.Read(rowIds, ReadRows.Of(served.Table, rowIds).Block);
        return [.. misses.Positions.ToArray().Select(position => rowIds[position])];
    }
}
