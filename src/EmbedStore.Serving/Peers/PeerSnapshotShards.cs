using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The shards of a cluster, for the server that leads a snapshot.</summary>
public sealed class PeerSnapshotShards(IShardOwners owners, IPeerTransport transport, PeerShards here) : ISnapshotShards
{
    /// <inheritdoc/>
    public async Task<ISnapshotPart> BeginAsync(Table table, int shard, long id, CancellationToken cancellation)
    {
        var key = new ShardKey(table.Id, table.Generation, shard);
        try
        {
            var part = new Part(this, table, key, await owners.FindAsync(key, cancellation));
            await part.StepAsync(PeerCall.SnapshotBegin, id, cancellation);
            return part;
        }
        catch (OwnerUnknownException)
        {
            throw table.Shards[shard].Unavailable("no server owns it at the moment");
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

    private async Task CallAsync(Table table, ShardKey key, PeerServer server, PeerCall call, long number, CancellationToken cancellation)
    {
        try
        {
            using PeerBuffer request = StepMessage.Call(number);
            using PeerBuffer buffer = server.IsHere
                ? await here.AnswerAsync(call, key, request.Memory, cancellation)
                : await transport.CallAsync(server, call, key, request.Memory, cancellation);
            PeerAnswer answer = PeerAnswer.Of(buffer);
            if (answer.Outcome != PeerOutcome.Done)
            {
                ShardSlot slot = table.Shards[key.Shard];
                throw answer.Outcome == PeerOutcome.StorageFull ? slot.StorageFull()
                    : slot.Unavailable(answer.Outcome == PeerOutcome.Unavailable ? answer.Reason : "it changed its owner meanwhile");
            }
        }
        catch (Exception e) when (e is PeerUnreachableException or IOException)
        {
            throw table.Shards[key.Shard].Unavailable(e.Message);
        }
    }

    private sealed class Part(PeerSnapshotShards all, Table table, ShardKey key, PeerServer server) : ISnapshotPart
    {
        public Task EndAsync() => StepAsync(PeerCall.SnapshotEnd, 0, CancellationToken.None);

        public Task SaveAsync() => StepAsync(PeerCall.SnapshotSave, 0, CancellationToken.None);

        public Task KeepAsync(long? olderId) => StepAsync(PeerCall.SnapshotKeep, olderId ?? 0, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            try
            {
                await StepAsync(PeerCall.SnapshotDispose, 0, CancellationToken.None);
            }
            catch (EmbedStoreException)
            {
                // Gone with its server, or given up by it.
            }
        }

        public Task StepAsync(PeerCall call, long number, CancellationToken cancellation) => all.CallAsync(table, key, server, call, number, cancellation);
    }

    private sealed class Gates(PeerSnapshotShards all, Table table, IReadOnlyList<PeerServer> servers) : IAsyncDisposable
    {
        private readonly ShardKey _key = new(table.Id, table.Generation, 0);

        public Task CloseAsync() => Task.WhenAll(servers.Select(server => all.CallAsync(table, _key, server, PeerCall.GateClose, 0, CancellationToken.None)));

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
            await Task.WhenAll(servers.Select(server => all.CallAsync(table, _key, server, PeerCall.GateOpen, 0, CancellationToken.None)));
    }
}
