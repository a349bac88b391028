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
        FolderView view = FolderView.Of(options.Disk, folder);
        var snapshots = new SnapshotFolder(options.Disk, view);
        SnapshotName name = snapshots.Find(id);
        SnapshotManifest manifest = snapshots.ManifestOf(name, owner.Identity);
        var state = new ShardState(format, options, scratchFolder);
        try
        {
            state.Load(snapshots, name, manifest, cancellation);
            new LogRecovery(options.Disk, view, owner).Read(manifest.CoveredLsn, manifest.LastLsn, state.Replay, cancellation);
            return new SnapshotSource(state, manifest);
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    /// <summary>Gives every row to the shard that it belongs to, with its key, and every id that is counted towards admission.</summary>
    /// <param name="targets">By number.</param>
    /// <param name="shardOf">Number of a row's shard.</param>
    /// <param name="cancellation">Between batches.</param>
    /// <exception cref="DiskFullException">There is no room.</exception>
    public void CopyRowsTo(IReadOnlyList<ShardSeed> targets, Func<long, int> shardOf, CancellationToken cancellation)
    {
        Dictionary<long, int> displaced = CopyKeysTo(targets, shardOf, cancellation);
        ShardSeed TargetOf(long rowId) => targets[displaced.TryGetValue(rowId, out int shard) ? shard : shardOf(rowId)];
        foreach (IReadOnlyList<ScannedRow> batch in _state.Rows.Scan(_manifest.LastLsn, _state.Vocabulary.Gone.ForgottenTo))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (ScannedRow row in batch)
            {
                TargetOf(row.RowId).Add(row);
            }
        }

        foreach (ShardSeed target in targets)
        {
            target.AdvanceClock(_state.Vocabulary.Clock);
        }

        foreach ((long rowId, long lsn, int updateCount) in _state.Vocabulary.Admission?.All() ?? [])
        {
            TargetOf(rowId).AddCandidate(rowId, lsn, updateCount);
        }
    }

    /// <summary>A key belongs where the id that it asks for does, and its row goes with it.</summary>
    /// <returns>The shards of rows whose ids are not the ones that their keys asked for. Should another key have such an id there, the shard refuses to open.</returns>
    private Dictionary<long, int> CopyKeysTo(IReadOnlyList<ShardSeed> targets, Func<long, int> shardOf, CancellationToken cancellation)
    {
        var displaced = new Dictionary<long, int>();
        foreach (KeyEntry key in _state.Keys?.Entries(_state.Keys.Count) ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            long askedId = KeyHash.Of(key.Bytes.Span[KeyEntry.HeadByteCount..]);
            long rowId = KeyEntry.IdOf(key.Bytes.Span);
            int shard = shardOf(askedId);
            targets[shard].Add(key);
            if (askedId != rowId)
            {
                displaced[rowId] = shard;
            }
        }

        return displaced;
    }

    /// <inheritdoc/>
    public void Dispose() => _state.Dispose();
}
