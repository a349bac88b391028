using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The shards of a server that owns every shard itself.</summary>
public sealed class LocalSnapshotShards : ISnapshotShards
{
    /// <inheritdoc/>
    public async Task<ISnapshotPart> BeginAsync(Table table, int shard, long id, CancellationToken cancellation)
    {
        ShardSlot slot = table.Shards[shard];
        Shard opened = await slot.OpenAsync();
        return new Part(slot, await SnapshotFailures.TellAsync(slot, () => opened.BeginSnapshotAsync(id, cancellation)));
    }

    /// <inheritdoc/>
    public async Task<IAsyncDisposable> HoldCommitsAsync(Table table)
    {
        await table.Commits.CloseAsync();
        return new OpenGate(table.Commits);
    }

    private sealed class Part(ShardSlot slot, ShardSnapshot snapshot) : ISnapshotPart
    {
        public Task EndAsync() => SnapshotFailures.TellAsync(slot, snapshot.EndAsync);

        public Task SaveAsync() => SnapshotFailures.TellAsync(slot, snapshot.SaveAsync);

        public Task KeepAsync(long? olderId) => SnapshotFailures.TellAsync(slot, () => snapshot.KeepAsync(olderId));

        public ValueTask DisposeAsync() => snapshot.DisposeAsync();
    }

    private sealed class OpenGate(CommitGate gate) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            gate.Open();
            return ValueTask.CompletedTask;
        }
    }
}
