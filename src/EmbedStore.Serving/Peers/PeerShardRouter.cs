using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The router of a server in a cluster: what is owned here is read and written here, the rest where its owner is.</summary>
/// <remarks>
/// A shard that changes its owner is waited for, up to <paramref name="moveWait"/>. A read may be sent again at any time. A write is sent again when it is certain that it was not done, or
/// when it bears a writer's stamp, which makes it count once; of any other nobody can say, and so its caller is told that the shard was not available.
/// </remarks>
/// <param name="owners">Knows whom to ask.</param>
/// <param name="transport">Asks them.</param>
/// <param name="aged">Rows of other servers, for reads that allow their age.</param>
/// <param name="time">Measures the wait.</param>
/// <param name="moveWait">Longest wait for a shard without an owner that serves.</param>
public sealed class PeerShardRouter(IShardOwners owners, IPeerTransport transport, AgedRows aged, TimeProvider time, TimeSpan moveWait) : IShardRouter
{
    /// <summary>Rows of one call. Unit: bytes.</summary>
    private const int CallByteCountMax = 4 << 20;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Table table, IndexPlan plan, RowBlock block, CancellationToken cancellation)
    {
        var elsewhere = new List<Task<int>>();
        var here = new List<(int Number, Shard Shard)>();
        for (int number = 0; number < plan.ShardCount; number++)
        {
            if (plan.RowIdsOf(number).IsEmpty)
            {
                continue;
            }

            if (OwnedHere(table, number) is { } shard)
            {
                here.Add((number, shard));
            }
            else
            {
                elsewhere.Add(ReadElsewhereAsync(table, number, plan, block, cancellation));
            }
        }

        // What is here is read while the others are asked.
        int missing = 0;
        long firstTick = LocalShardRouter.FirstTickOf(table, block);
        foreach ((int number, Shard shard) in here)
        {
            try
            {
                missing += LocalShardRouter.Read(shard, table.Shards[number], plan.RowIdsOf(number).Span, plan.Keys, plan.PositionsOf(number).Span, block, firstTick);
            }
            catch (ObjectDisposedException)
            {
                // It was let go of in between.
                elsewhere.Add(ReadElsewhereAsync(table, number, plan, block, cancellation));
            }
        }

        return missing + (await Task.WhenAll(elsewhere)).Sum();
    }

    /// <summary>A shard that this server owns and has opened; null for any other.</summary>
    private static Shard? OwnedHere(Table table, int shard) => table.Shards[shard] is { IsOwner: true } slot ? slot.Opened : null;

    /// <inheritdoc/>
    public async ValueTask<WriteReceipt[]> WriteAsync(Table table, IReadOnlyList<ShardWrite> writes, CancellationToken cancellation) =>
        writes.Count == 1
            ? [await WriteAsync(table, writes[0], cancellation)]
            : await Task.WhenAll(writes.Select(write => WriteAsync(table, write, cancellation)));

    /// <inheritdoc/>
    public async ValueTask<WriterState?[]> WriterStatesAsync(Table table, string writer, CancellationToken cancellation) =>
        await Task.WhenAll(Enumerable.Range(0, table.Shards.Count).Select(shard => AskAsync(
            table, shard, PeerCall.Writer, () => WriterMessage.Call(writer), here => here.WriterState(writer), WriterMessage.StateOf, cancellation)));

    /// <inheritdoc/>
    public async ValueTask<long> NextStepAsync(Table table, CancellationToken cancellation)
    {
        // The owner of the first shard counts; it may have begun to a moment ago, so it is told what the others have.
        long[] taken = await Task.WhenAll(Enumerable.Range(0, table.Shards.Count).Select(shard => AskAsync(
            table, shard, PeerCall.StepTaken, () => StepMessage.Call(0), static here => here.StepNumber, StepMessage.StepOf, cancellation)));
        return await AskAsync(
            table, 0, PeerCall.Step, () => StepMessage.Call(taken.Max()), _ => table.NextStep(taken.Max()), StepMessage.StepOf, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<IEnumerable<long>> LiveRowIdsAsync(Table table, CancellationToken cancellation) =>
        (await Task.WhenAll(Enumerable.Range(0, table.Shards.Count).Select(shard => AskAsync<IEnumerable<long>>(
            table, shard, PeerCall.RowIds, () => new PeerBuffer(1), static here => here.RowIds(), ListMessage.RowIdsOf, cancellation)))).SelectMany(static ids => ids);

    /// <inheritdoc/>
    public async ValueTask<IEnumerable<ReadOnlyMemory<byte>>> LiveKeysAsync(Table table, CancellationToken cancellation) =>
        (await Task.WhenAll(Enumerable.Range(0, table.Shards.Count).Select(shard => AskAsync<IEnumerable<ReadOnlyMemory<byte>>>(
            table, shard, PeerCall.Keys, () => new PeerBuffer(1), static here => here.LiveKeys(), ListMessage.KeysOf, cancellation)))).SelectMany(static keys => keys);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ShardReport>> ReportAsync(Table table, CancellationToken cancellation) =>
        await Task.WhenAll(Enumerable.Range(0, table.Shards.Count).Select(shard => ReportAsync(table, shard, cancellation)));

    private async Task<ShardReport> ReportAsync(Table table, int shard, CancellationToken cancellation)
    {
        string owner = "";
        try
        {
            PeerServer server = await owners.FindAsync(KeyOf(table, shard), cancellation);
            owner = server.Name;
            if (server.IsHere)
            {
                return ShardReport.Of(owner, table.Shards[shard]);
            }

            using PeerBuffer buffer = await transport.CallAsync(server, PeerCall.Report, KeyOf(table, shard), default, cancellation);
            PeerAnswer answer = PeerAnswer.Of(buffer);
            table.Saw(answer.Version);
            return answer.Outcome == PeerOutcome.Done ? ReportMessage.Read(owner, answer)
                : new ShardReport(owner, answer.Outcome == PeerOutcome.Recovering ? "recovering" : "unavailable", null);
        }
        catch (Exception e) when (e is OwnerUnknownException or PeerUnreachableException)
        {
            return new ShardReport(owner, "unavailable", null);
        }
    }

    private async Task<int> ReadElsewhereAsync(Table table, int shard, IndexPlan plan, RowBlock block, CancellationToken cancellation)
    {
        ReadOnlyMemory<long> rowIds = plan.RowIdsOf(shard);
        ReadOnlyMemory<int> positions = plan.PositionsOf(shard);
        int missing = 0;
        if (plan.Keys is null && block.Freshness.AllowsAge)
        {
            using RowMisses misses = aged.Read(table, rowIds.Span, positions.Span, block);
            missing = misses.NotFoundCount;

            long[] ids = new long[misses.Positions.Length];
            int[] places = new int[ids.Length];
            for (int i = 0; i < ids.Length; i++)
            {
                int at = misses.Positions.Span[i];
                (ids[i], places[i]) = (rowIds.Span[at], positions.IsEmpty ? at : positions.Span[at]);
            }

            (rowIds, positions) = (ids, places);
        }

        int run = Math.Max(1, CallByteCountMax / table.Rows.DataByteCount);
        for (int first = 0; first < rowIds.Length; first += run)
        {
            int count = Math.Min(run, rowIds.Length - first);
            ReadOnlyMemory<long> ids = rowIds.Slice(first, count);
            ReadOnlyMemory<int> places = positions.IsEmpty ? default : positions.Slice(first, count);

            // A run without positions is the whole batch, or a part of it that begins elsewhere.
            RowBlock target = positions.IsEmpty ? block.Slice(first, count, table.Rows.DataByteCount) : block;
            RowKeys? keys = positions.IsEmpty ? plan.Keys?.Slice(first, count) : plan.Keys;
            long began = aged.Now;
            missing += await AskAsync(
                table,
                shard,
                PeerCall.Read,
                () => ReadMessage.Call(ids.Span, keys, places.Span, block.IsUse),
                here => LocalShardRouter.Read(here, table.Shards[shard], ids.Span, keys, places.Span, target, LocalShardRouter.FirstTickOf(table, target)),
                answer =>
                {
                    var rows = new PeerRowsView(answer.Body.Span, ids.Length, table.Rows.DataByteCount);
                    if (keys is null)
                    {
                        aged.Admit(table, ids.Span, rows, answer.Version, began);
                    }

                    return ReadMessage.Scatter(rows, places.Span, target);
                },
                cancellation);
        }

        return missing;
    }

    private async Task<WriteReceipt> WriteAsync(Table table, ShardWrite write, CancellationToken cancellation)
    {
        ShardKey key = KeyOf(table, write.Shard);
        bool isSafe = write.Write.Writer is not null;
        long began = time.GetTimestamp();
        while (true)
        {
            (PeerServer? server, WriteReceipt? receipt) = await TryWriteAsync(table, key, write, isSafe, cancellation);
            if (receipt is { } known)
            {
                table.Saw(known.Version);
                return known;
            }

            await AgainAsync(table, key, server, began, cancellation);
        }
    }

    /// <returns>No receipt: the write was not done, or may be sent again.</returns>
    private async ValueTask<(PeerServer? Server, WriteReceipt? Receipt)> TryWriteAsync(Table table, ShardKey key, ShardWrite write, bool isSafe, CancellationToken cancellation)
    {
        PeerServer? server = null;
        try
        {
            server = await owners.FindAsync(key, cancellation);
            if (server.IsHere)
            {
                return (server, await WriteHereAsync(table, write, isSafe, cancellation));
            }

            using PeerBuffer call = WriteMessage.Call(write.Write);
            using PeerBuffer buffer = await transport.CallAsync(server, PeerCall.Write, key, call.Memory, CancellationToken.None);
            PeerAnswer answer = PeerAnswer.Of(buffer);
            return answer.Outcome switch
            {
                PeerOutcome.Done => (server, UnlessAgain(WriteMessage.ReceiptOf(answer), isSafe)),
                PeerOutcome.StorageFull => (server, new WriteReceipt(WriteOutcome.StorageFull, 0, 0)),
                PeerOutcome.Unavailable => throw table.Shards[key.Shard].Unavailable(answer.Reason),
                _ => (server, null),
            };
        }
        catch (OwnerUnknownException)
        {
            return (null, null);
        }
        catch (PeerUnreachableException failure) when (isSafe || !failure.MayHaveArrived)
        {
            return (server, null);
        }
        catch (PeerUnreachableException failure)
        {
            owners.Forget(key, server!);
            throw table.Shards[key.Shard].Unavailable($"{failure.Message}; whether the write was done is not known");
        }
    }

    private static async ValueTask<WriteReceipt?> WriteHereAsync(Table table, ShardWrite write, bool isSafe, CancellationToken cancellation)
    {
        if (OwnedHere(table, write.Shard) is not { } shard)
        {
            return null;
        }

        return UnlessAgain(await shard.WriteAsync(write.Write, cancellation), isSafe);
    }

    /// <summary>A shard that failed, or was taken over, may have the write or not.</summary>
    private static WriteReceipt? UnlessAgain(WriteReceipt receipt, bool isSafe) =>
        isSafe && receipt.Outcome is (WriteOutcome.Unavailable or WriteOutcome.NotOwner) ? null : receipt;

    /// <summary>Asks the owner of a shard something that changes nothing, as often as it takes.</summary>
    private async Task<T> AskAsync<T>(
        Table table, int shard, PeerCall call, Func<PeerBuffer> write, Func<Shard, T> answerHere, Func<PeerAnswer, T> read, CancellationToken cancellation)
    {
        ShardKey key = KeyOf(table, shard);
        long began = time.GetTimestamp();
        while (true)
        {
            PeerServer? server = null;
            try
            {
                server = await owners.FindAsync(key, cancellation);
                if (server.IsHere)
                {
                    if (OwnedHere(table, shard) is { } here)
                    {
                        return answerHere(here);
                    }
                }
                else
                {
                    using PeerBuffer request = write();
                    using PeerBuffer buffer = await transport.CallAsync(server, call, key, request.Memory, cancellation);
                    PeerAnswer answer = PeerAnswer.Of(buffer);
                    if (answer.Outcome == PeerOutcome.Done)
                    {
                        table.Saw(answer.Version);
                        return read(answer);
                    }

                    if (answer.Outcome == PeerOutcome.Unavailable)
                    {
                        throw table.Shards[shard].Unavailable(answer.Reason);
                    }
                }
            }
            catch (Exception e) when (e is OwnerUnknownException or PeerUnreachableException or ObjectDisposedException)
            {
                // It moves, or its server is gone.
            }

            await AgainAsync(table, key, server, began, cancellation);
        }
    }

    /// <summary>Waits a moment before a shard is asked again, somewhere else if need be.</summary>
    /// <exception cref="EmbedStoreException">ShardUnavailable: it was long enough.</exception>
    private async ValueTask AgainAsync(Table table, ShardKey key, PeerServer? server, long began, CancellationToken cancellation)
    {
        if (server is not null)
        {
            owners.Forget(key, server);
        }

        if (time.GetElapsedTime(began) >= moveWait || table.Closing.IsCancellationRequested)
        {
            throw table.Shards[key.Shard].Unavailable("no server owns it at the moment");
        }

        await Task.Delay(RetryInterval, time, cancellation);
    }

    private static ShardKey KeyOf(Table table, int shard) => new(table.Id, table.Generation, shard);
}
