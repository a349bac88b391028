using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The shards of this server that other servers ask: what they own here is read and written, and everything else is <see cref="PeerOutcome.NotOwner"/>.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class PeerShards(TableCatalog catalog, UpdatePipeline updates, SnapshotParts snapshots)
{
    /// <summary>Does what another server asks.</summary>
    /// <param name="call">What.</param>
    /// <param name="key">Of which shard.</param>
    /// <param name="request">Valid until the answer is there.</param>
    /// <param name="cancellation">Ends the wait; a write that was begun goes on.</param>
    /// <returns>The answer, to be disposed.</returns>
    /// <exception cref="InvalidDataException">The request is none.</exception>
    public async ValueTask<PeerBuffer> AnswerAsync(PeerCall call, ShardKey key, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (call == PeerCall.Refresh)
        {
            await catalog.RefreshAsync(cancellation);
            return PeerAnswer.Begin(PeerOutcome.Done, 0);
        }

        using TableLease? lease = await LeaseAsync(key, cancellation);
        if (lease?.Table is not { } table)
        {
            return PeerAnswer.Begin(PeerOutcome.NotOwner, 0);
        }

        return call switch
        {
            PeerCall.GateClose => await snapshots.CloseGateAsync(table),
            PeerCall.GateOpen => snapshots.OpenGate(table),
            _ => await OfShardAsync(call, table, key, request, cancellation),
        };
    }

    private async ValueTask<PeerBuffer> OfShardAsync(PeerCall call, Table table, ShardKey key, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        ShardSlot slot = table.Shards[key.Shard];
        if (slot.Opened is not { } shard)
        {
            return !slot.IsTaken || slot.IsLost ? PeerAnswer.Begin(PeerOutcome.NotOwner, 0)
                : slot.Failure is { } failure ? PeerAnswer.Unavailable(failure.Message)
                : PeerAnswer.Begin(PeerOutcome.Recovering, 0);
        }

        try
        {
            return !slot.IsOwner ? PeerAnswer.Begin(PeerOutcome.NotOwner, 0) : call switch
            {
                PeerCall.Read => ReadMessage.Answer(shard, request, table.Capacity),
                PeerCall.Write => await WriteAsync(table, shard, request),
                PeerCall.Writer => WriterMessage.Answer(shard, request),
                PeerCall.Step => StepMessage.Answer(shard, table.NextStep(StepMessage.Read(request))),
                PeerCall.StepTaken => StepMessage.Answer(shard, shard.StepNumber),
                PeerCall.RowIds => ListMessage.RowIds(shard),
                PeerCall.Keys => ListMessage.Keys(shard),
                PeerCall.Report => ReportMessage.Answer(slot, shard),
                _ => await snapshots.AnswerAsync(call, key, shard, request, cancellation),
            };
        }
        catch (ShardDamagedException damage)
        {
            return PeerAnswer.Unavailable(damage.Message);
        }
        catch (DiskFullException)
        {
            return PeerAnswer.Begin(PeerOutcome.StorageFull, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return PeerAnswer.Unavailable(e.Message);
        }
        catch (ObjectDisposedException)
        {
            // It was let go of in between.
            return PeerAnswer.Begin(PeerOutcome.NotOwner, 0);
        }
    }

    /// <summary>Writes here, and makes room: of a table with a capacity all shards are here.</summary>
    private async ValueTask<PeerBuffer> WriteAsync(Table table, Shard shard, ReadOnlyMemory<byte> request) =>
        WriteMessage.Answer(await updates.WriteOwnedAsync(table, shard, WriteMessage.Read(request, table.Capacity)));

    private async ValueTask<TableLease?> LeaseAsync(ShardKey key, CancellationToken cancellation)
    {
        Table? table = catalog.Find(key.TableId, key.Generation);
        if (table is null)
        {
            await catalog.RefreshAsync(cancellation);
            table = catalog.Find(key.TableId, key.Generation);
        }

        return table is not null && key.Shard < table.Shards.Count && table.TryEnter() ? new TableLease(table) : null;
    }
}
