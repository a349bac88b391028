using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The shards of a cluster, for the server that leads a snapshot.</summary>
/// <param name="owners">Knows whom to ask.</param>
/// <param name="transport">Asks them.</param>
/// <param name="here">Is asked instead where this server is the owner.</param>
/// <param name="time">Measures the wait.</param>
/// <param name="moveWait">Longest wait for a shard that changes its owner.</param>
public sealed class PeerSnapshotShards(IShardOwners owners, IPeerTransport transport, PeerShards here, TimeProvider time, TimeSpan moveWait) : ISnapshotShards
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public async Task<ISnapshotPart> BeginAsync(Table table, int shard, long id, CancellationToken cancellation)
    {
        var key = new ShardKey(table.Id, table.Generation, shard);
        long began = time.GetTimestamp();
        while (await TryBeginAsync(table, key, id, cancellation) is var part)
        {
            if (part is not null)
            {
                return part;
            }

            if (time.GetElapsedTime(began) >= moveWait)
            {
                break;
            }

            await Task.Delay(RetryInterval, time, cancellation);
        }

        throw table.Shards[shard].Unavailable("no server owns it at the moment");
    }

    /// <returns>Null when nobody serves the shard now.</returns>
    private async Task<Part?> TryBeginAsync(Table table, ShardKey key, long id, CancellationToken cancellation)
    {
        PeerServer? server = null;
        try
        {
            server = await owners.FindAsync(key, cancellation);
            PeerOutcome outcome = await TryCallAsync(table, key, server, PeerCall.SnapshotBegin, id, cancellation);
            if (outcome == PeerOutcome.Done)
            {
                return new Part(this, table, key, server);
            }

            owners.Forget(key, server);
            return null;
        }
        catch (OwnerUnknownException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<IAsyncDisposable> HoldCommitsAsync(Table table)
    {
        var gates = new Gates(this, table, owners.Servers);
        try
        {
            await gates.CloseAsync();
            return gates;
        }
        catch
        {
            await gates.OpenAsync();
            throw;
        }
    }

    private async Task CallAsync(Table table, ShardKey key, PeerServer server, PeerCall call, long number)
    {
        if (await TryCallAsync(table, key, server, call, number, CancellationToken.None) != PeerOutcome.Done)
        {
            throw table.Shards[key.Shard].Unavailable("it changed its owner meanwhile");
        }
    }

    /// <returns>Done, NotOwner or Recovering.</returns>
    private async Task<PeerOutcome> TryCallAsync(Table table, ShardKey key, PeerServer server, PeerCall call, long number, CancellationToken cancellation)
    {
        try
        {
            using PeerBuffer request = StepMessage.Call(number);
            using PeerBuffer buffer = server.IsHere
                ? await here.AnswerAsync(call, key, request.Memory, cancellation)
                : await transport.CallAsync(server, call, key, request.Memory, cancellation);
            PeerAnswer answer = PeerAnswer.Of(buffer);
            return answer.Outcome switch
            {
                PeerOutcome.StorageFull => throw table.Shards[key.Shard].StorageFull(),
                PeerOutcome.Unavailable => throw table.Shards[key.Shard].Unavailable(answer.Reason),
                _ => answer.Outcome,
            };
        }
        catch (Exception e) when (e is PeerUnreachableException or IOException)
        {
            throw table.Shards[key.Shard].Unavailable(e.Message);
        }
    }

    private sealed class Part(PeerSnapshotShards all, Table table, ShardKey key, PeerServer server) : ISnapshotPart
    {
        public Task EndAsync() => StepAsync(PeerCall.SnapshotEnd, 0);

        public Task SaveAsync() => StepAsync(PeerCall.SnapshotSave, 0);

        public Task KeepAsync(long? olderId) => StepAsync(PeerCall.SnapshotKeep, olderId ?? 0);

        public async ValueTask DisposeAsync()
        {
            try
            {
                await StepAsync(PeerCall.SnapshotDispose, 0);
            }
            catch (EmbedStoreException)
            {
                // Gone with its server, or given up by it.
            }
        }

        private Task StepAsync(PeerCall call, long number) => all.CallAsync(table, key, server, call, number);
    }

    private sealed class Gates(PeerSnapshotShards all, Table table, IReadOnlyList<PeerServer> servers) : IAsyncDisposable
    {
        private readonly ShardKey _key = new(table.Id, table.Generation, 0);

        public Task CloseAsync() => Task.WhenAll(servers.Select(server => all.CallAsync(table, _key, server, PeerCall.GateClose, 0)));

        public async Task OpenAsync()
        {
            try
            {
                await DisposeAsync();
            }
            catch (EmbedStoreException)
            {
                // Some were not closed.
            }
        }

        public async ValueTask DisposeAsync() =>
            await Task.WhenAll(servers.Select(server => all.CallAsync(table, _key, server, PeerCall.GateOpen, 0)));
    }
}
