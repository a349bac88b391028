namespace EmbedStore.Serving;

/// <summary>The shards of this server's catalog, as the owner of some of them.</summary>
public sealed class ShardHost(TableCatalog catalog, SnapshotParts snapshots) : IShardHost
{
    /// <inheritdoc/>
    public IReadOnlyList<ShardKey> All => [.. Slots().Select(static place => place.Key)];

    /// <inheritdoc/>
    public IReadOnlyList<ShardKey> Taken => [.. Slots().Where(static place => place.Slot is { IsTaken: true, IsLost: false }).Select(static place => place.Key)];

    /// <inheritdoc/>
    public bool Take(ShardKey shard)
    {
        if (LeaseOf(shard) is not { } lease)
        {
            return false;
        }

        using (lease)
        {
            lease.Table.Shards[shard.Shard].Take();
            return true;
        }
    }

    /// <inheritdoc/>
    public void Retry(ShardKey shard)
    {
        if (LeaseOf(shard) is { } lease)
        {
            using (lease)
            {
                lease.Table.Shards[shard.Shard].Retry();
            }
        }
    }

    /// <inheritdoc/>
    public async Task PrepareHandOverAsync(ShardKey shard, CancellationToken cancellation)
    {
        if (LeaseOf(shard) is not { } lease)
        {
            return;
        }

        using (lease)
        {
            if (!snapshots.Has(shard))
            {
                await catalog.SaveShardAsync(lease.Table, shard.Shard, cancellation);
            }
        }
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(ShardKey shard)
    {
        if (LeaseOf(shard) is { } lease)
        {
            using (lease)
            {
                await snapshots.DropAsync(shard);
                await lease.Table.Shards[shard.Shard].ReleaseAsync();
            }
        }
    }

    private TableLease? LeaseOf(ShardKey shard) =>
        catalog.Find(shard.TableId, shard.Generation) is { } table && shard.Shard < table.Shards.Count && table.TryEnter() ? new TableLease(table) : null;

    private IEnumerable<(ShardKey Key, ShardSlot Slot)> Slots() => catalog.Tables.SelectMany(static table =>
        table.Shards.Select((slot, number) => (new ShardKey(table.Id, table.Generation, number), slot)));
}
