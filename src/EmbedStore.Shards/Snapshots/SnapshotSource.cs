namespace EmbedStore.Shards;

/// <summary>The rows and writers of a shard as they were when a snapshot of it ended, read from its files. Nothing in its folder is changed, and the shard may be open.</summary>
/// <remarks>No snapshot of the shard may be taken meanwhile: that cuts the log. One thread at a time.</remarks>
public sealed class SnapshotSource : IDisposable
{
    private readonly ShardState _state;
    private readonly SnapshotManifest _manifest;

    private SnapshotSource(ShardState state, SnapshotManifest manifest) => (_state, _manifest) = (state, manifest);

    /// <summary>The newest write of each writer.</summary>
    public IReadOnlyDictionary<string, WriterState> Writers => _state.Writers.All;

    /// <summary>Highest step of the optimizer; 0 for none.</summary>
    public long StepNumber => _state.Updater.StepNumber;

    /// <summary>Reads a snapshot and the log to its end.</summary>
    /// <param name="folder">Of the shard.</param>
    /// <param name="scratchFolder">Emptied.</param>
    /// <param name="format">Of the shard's rows.</param>
    /// <param name="options">Sizes. No mirror.</param>
    /// <param name="id">Of the snapshot.</param>
    /// <param name="cancellation">Between blocks and records.</param>
    /// <exception cref="ShardDamagedException">A file is not what was written.</exception>
    /// <exception cref="DiskFullException">There is no room for scratch.</exception>
    public static SnapshotSource Open(string folder, string scratchFolder, RowFormat format, ShardOptions options, long id, CancellationToken cancellation)
    {
        OwnerRecord owner = OwnerRecord.Of(options.Disk, folder);
        var snapshots = new SnapshotFolder(options.Disk, folder);
        SnapshotManifest manifest = snapshots.ManifestOf(id, owner.Identity);
        var state = new ShardState(format, options, scratchFolder);
        try
        {
            state.Load(snapshots, manifest, cancellation);
            new LogRecovery(options.Disk, folder, owner).Read(manifest.CoveredLsn, manifest.LastLsn, state.Replay, cancellation);
            return new SnapshotSource(state, manifest);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Gives every row to the shard that it belongs to.</summary>
    /// <param name="targets">By number.</param>
    /// <param name="shardOf">Number of a row's shard.</param>
    /// <param name="cancellation">Between batches.</param>
    /// <exception cref="DiskFullException">There is no room.</exception>
    public void CopyRowsTo(IReadOnlyList<ShardSeed> targets, Func<long, int> shardOf, CancellationToken cancellation)
    {
        foreach (IReadOnlyList<ScannedRow> batch in _state.Rows.Scan(_manifest.LastLsn))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (ScannedRow row in batch)
            {
                targets[shardOf(row.RowId)].Add(row);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _state.Dispose();
}
