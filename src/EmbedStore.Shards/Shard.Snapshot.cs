namespace EmbedStore.Shards;

public sealed partial class Shard
{
    private readonly SemaphoreSlim _snapshotTurn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private readonly SnapshotFolder _snapshots;
    private readonly long _unsavedAtOpening;

    /// <summary>The newest snapshot that is known to be whole: it was loaded, or written and read again.</summary>
    private volatile SnapshotManifest? _snapshot;

    /// <summary>Of the newest snapshot that was written since the shard was opened; 0 for none.</summary>
    private long _savedId;
    private long _appendedAtSnapshot;

    /// <summary>Log that an opening would replay now. Unit: bytes.</summary>
    public long UnsavedByteCount => _snapshot is { } newest && newest.Id == _savedId
        ? Math.Max(0, _log.AppendedByteCount - Interlocked.Read(ref _appendedAtSnapshot))
        : _unsavedAtOpening + _log.AppendedByteCount;

    /// <summary>When the newest snapshot ended, or null when there is none.</summary>
    public DateTimeOffset? SnapshotAt => _snapshot?.CreatedAt;

    /// <summary>Of the newest snapshot; 0 when there is none. Unit: bytes.</summary>
    public long SnapshotByteCount => _snapshot?.ByteCount ?? 0;

    /// <summary>Begins a snapshot: a consistent start is noted, and the rows are written while reads and writes go on.</summary>
    /// <param name="id">Higher than every one before.</param>
    /// <param name="cancellation">Ends it; nothing is left.</param>
    /// <returns>To be ended by <see cref="ShardSnapshot.EndAsync"/>, <see cref="ShardSnapshot.SaveAsync"/> and <see cref="ShardSnapshot.KeepAsync"/>, and disposed in any case. Another snapshot waits until then.</returns>
    /// <exception cref="DiskFullException">There is no room. The shard serves on.</exception>
    /// <exception cref="ShardClaimedException">Another owner has taken the shard over.</exception>
    /// <exception cref="IOException">The snapshot's file could not be written. The shard serves on.</exception>
    /// <exception cref="ShardDamagedException">Scratch gave back something else than was put there.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the shard closes.</exception>
    /// <exception cref="ObjectDisposedException">The shard is closed.</exception>
    public async Task<ShardSnapshot> BeginSnapshotAsync(long id, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
        try
        {
            await _snapshotTurn.WaitAsync(linked.Token).ConfigureAwait(false);
        }
        catch
        {
            linked.Dispose();
            throw;
        }

        var snapshot = new ShardSnapshot(this, id, linked);
        try
        {
            await snapshot.ScanAsync().ConfigureAwait(false);
            return snapshot;
        }
        catch
        {
            await snapshot.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What a snapshot does inside its shard.</summary>
    internal sealed class SnapshotAccess(Shard shard)
    {
        public IDisk Disk => shard._options.Disk;

        public TimeProvider Time => shard._options.Time;

        public Guid Identity => shard._identity;

        public RowFormat Format => shard._format;

        public SnapshotFolder Folder => shard._snapshots;

        public long? NewestId => shard._snapshot?.Id;

        public RowStore Rows => shard._rows;

        public KeyDirectory? Keys => shard._state.Keys;

        /// <inheritdoc cref="GoneRows.ForgottenTo"/>
        public long ForgottenTo => shard._state.Vocabulary.Gone.ForgottenTo;

        /// <inheritdoc cref="OwnerFence.Require"/>
        public void RequireOwner() => shard._fence?.Require();

        /// <inheritdoc cref="OwnerFence.TryConfirm"/>
        public bool IsOwner() => shard._fence?.TryConfirm() ?? true;

        /// <summary>Does a part of a snapshot; what fails because another owner took over says so.</summary>
        /// <exception cref="ShardClaimedException">Another owner has taken the shard over.</exception>
        public async Task<T> AsOwnerAsync<T>(Func<Task<T>> part)
        {
            try
            {
                return await part().ConfigureAwait(false);
            }
            catch (Exception e) when (shard._fence?.Explains(e) ?? false)
            {
                throw shard._fence.LossBehind(e);
            }
        }

        /// <inheritdoc cref="AsOwnerAsync{T}"/>
        public Task AsOwnerAsync(Func<Task> part) => AsOwnerAsync(async () =>
        {
            await part().ConfigureAwait(false);
            return true;
        });

        /// <summary>Throws unless there is room.</summary>
        public void RequireSpace(long byteCount) => SpaceGuard.Require(shard._options, shard._folder, byteCount);

        /// <summary>What is known at one moment between two groups of writes.</summary>
        public Task<SnapshotStart> StartAsync() => shard.RunOnWriterAsync(() => new SnapshotStart(
            shard._log.LastLsn, shard._log.AppendedByteCount, shard._rows.RecordByteCount * shard._updater.LiveRowCount, shard._state.Keys?.Count ?? 0,
            [.. shard._writers.All], shard._state.Vocabulary.Capture()));

        /// <summary>Brings all that was acknowledged so far to stable storage, and says what that is.</summary>
        /// <exception cref="IOException">The shard takes no more writes.</exception>
        public Task<SnapshotEnd> EndAsync() => shard.RunOnWriterAsync(() =>
        {
            shard.FlushOrPoison();
            return shard._poison is null
                ? new SnapshotEnd(shard._log.LastLsn, shard._log.Segment, shard._log.OwnerEpoch, shard._updater.StepNumber, shard._updater.LiveRowCount)
                : throw new IOException("The shard takes no more writes.", shard._poison);
        });

        /// <summary>Takes a snapshot as the newest: an opening would begin with it.</summary>
        public Task TookAsync(SnapshotManifest manifest, long appendedAtStart) => shard.RunOnWriterAsync(() =>
        {
            (shard._snapshot, shard._savedId) = (manifest, manifest.Id);
            Interlocked.Exchange(ref shard._appendedAtSnapshot, appendedAtStart);
            return true;
        });

        /// <summary>Keeps two snapshots, or one, and deletes what neither needs. Writes wait only while the log is told.</summary>
        public async Task KeepAsync(SnapshotName name, SnapshotName? olderName)
        {
            IReadOnlyList<string> segments = [];
            if (olderName is { } older)
            {
                SnapshotManifest kept = Folder.ManifestOf(older, Identity);
                segments = await shard.RunOnWriterAsync(() => shard._log.LetGo(kept.CoveredLsn, kept.LogSegment)).ConfigureAwait(false);
            }

            // An owner that sleeps before one of these deletes what the next one, which found both snapshots, does not need either.
            foreach (SnapshotName other in Folder.Names().Where(other => other != name && other != olderName))
            {
                RequireOwner();
                Folder.Delete(other);
            }

            foreach (string segment in segments)
            {
                RequireOwner();
                Disk.Delete(segment);
            }

            Disk.FlushFolder(Folder.Path);
        }

        public void Ended() => shard._snapshotTurn.Release();

        public void Log(SnapshotManifest manifest, TimeSpan duration) =>
            ShardLog.SnapshotTaken(shard._options.Logger, shard._folder, manifest.Id, manifest.LastLsn, manifest.ByteCount, duration.TotalSeconds);
    }
}
