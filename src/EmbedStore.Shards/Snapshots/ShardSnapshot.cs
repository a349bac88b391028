namespace EmbedStore.Shards;

/// <summary>A snapshot of one shard that is being written.</summary>
/// <remarks>
/// <para>It is fuzzy: rows are written as they are found while writes go on, each with the LSN of its last change. Together with the log from where it began it is exact.</para>
/// <para>One caller at a time.</para>
/// </remarks>
public sealed class ShardSnapshot : IAsyncDisposable
{
    /// <summary>Room is asked for again after so much. Unit: bytes.</summary>
    private const long BytesBetweenChecks = 4 << 20;

    private const int KeysPerBatch = 256;

    private readonly Shard.SnapshotAccess _shard;
    private readonly CancellationTokenSource _cancellation;
    private readonly SnapshotName _name;
    private readonly long _began;
    private SnapshotWriter? _writer;
    private SnapshotStart _start = null!;
    private SnapshotEnd? _end;
    private bool _hasFile;
    private bool _isSaved;
    private bool _isDisposed;

    internal ShardSnapshot(Shard shard, long id, CancellationTokenSource cancellation)
    {
        (_shard, _cancellation) = (new Shard.SnapshotAccess(shard), cancellation);
        _name = _shard.Folder.OwnName(id);
        _began = _shard.Time.GetTimestamp();
        PreviousId = _shard.NewestId;
    }

    /// <summary>The shard's newest snapshot when this one began; null when there was none.</summary>
    public long? PreviousId { get; }

    /// <summary>Fixes what the snapshot stands for: every write that was acknowledged so far. Takes as long as one commit.</summary>
    /// <exception cref="ShardClaimedException">Another owner has taken the shard over.</exception>
    /// <exception cref="IOException">The log could not be flushed; the shard takes no more writes.</exception>
    public async Task EndAsync() => _end = await _shard.AsOwnerAsync(_shard.EndAsync).ConfigureAwait(false);

    /// <summary>Makes the snapshot exist once it was read again. Older ones stay until <see cref="KeepAsync"/>.</summary>
    /// <exception cref="DiskFullException">There is no room.</exception>
    /// <exception cref="ShardClaimedException">Another owner has taken the shard over. Whether the snapshot exists for that one is not known; either is well.</exception>
    /// <exception cref="IOException">A file could not be written.</exception>
    /// <exception cref="ShardDamagedException">What was read again is not what was written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the shard closes.</exception>
    public async Task<SnapshotInfo> SaveAsync()
    {
        SnapshotEnd end = _end ?? throw new InvalidOperationException("A snapshot is ended before it is saved.");
        SnapshotManifest manifest = await _shard.AsOwnerAsync(() => BackgroundThread.RunAsync(() => WriteManifest(end))).ConfigureAwait(false);
        _isSaved = true;
        _shard.Log(manifest, _shard.Time.GetElapsedTime(_began));
        await _shard.TookAsync(manifest, _start.AppendedByteCount).ConfigureAwait(false);
        return SnapshotInfo.Of(manifest);
    }

    /// <summary>Deletes all snapshots but this and an older one, and cuts the log behind the older one.</summary>
    /// <param name="olderId">Null: there is none, and the log stays.</param>
    /// <remarks>Not a part of <see cref="SaveAsync"/>: of a table over several shards none may let go of what the others would need to go back to.</remarks>
    /// <exception cref="ShardClaimedException">Another owner has taken the shard over; nothing more is deleted.</exception>
    /// <exception cref="IOException">A file could not be deleted; the next one to keep tries again.</exception>
    public Task KeepAsync(long? olderId) => _shard.AsOwnerAsync(() => _shard.KeepAsync(_name, olderId is { } id ? _shard.Folder.Find(id) : null));

    /// <summary>Ends the snapshot's turn, and deletes it when it was not saved.</summary>
    public ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return ValueTask.CompletedTask;
        }

        _isDisposed = true;
        _writer?.Dispose();
        try
        {
            if (!_isSaved && _hasFile && _shard.IsOwner())
            {
                _shard.Folder.Delete(_name);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that fails: what is left is deleted when the shard opens.
        }
        finally
        {
            _shard.Ended();
            _cancellation.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    internal Task ScanAsync() => _shard.AsOwnerAsync(ScanInTurnAsync);

    private async Task ScanInTurnAsync()
    {
        _start = await _shard.StartAsync().ConfigureAwait(false);
        _shard.RequireSpace(_start.RowByteCount + _start.Vocabulary.Length + (_shard.Keys?.ByteCount ?? 0));
        _shard.RequireOwner();
        _hasFile = true;
        _writer = new SnapshotWriter(_shard.Disk, _shard.Folder.RowsPath(_name), _shard.Identity, _name.Id);
        foreach ((string name, WriterState state) in _start.Writers)
        {
            SnapshotWriters.Write(_writer, name, state);
        }

        _start.Vocabulary.CopyTo(_writer.Reserve(SnapshotBlockKind.Vocabulary, _start.Vocabulary.Length));
        await BackgroundThread.RunAsync(WriteKeysAndRows).ConfigureAwait(false);
    }

    private long WriteKeysAndRows()
    {
        var pace = new Pace(_cancellation.Token);
        long checkedByteCount = 0;
        foreach (KeyEntry[] batch in (_shard.Keys?.Entries(_start.KeyCount) ?? []).Chunk(KeysPerBatch))
        {
            pace.Keep();
            foreach (KeyEntry key in batch)
            {
                SnapshotKeys.Write(_writer!, key);
            }
        }

        foreach (IReadOnlyList<ScannedRow> batch in _shard.Rows.Scan(_start.Lsn, _shard.ForgottenTo))
        {
            pace.Keep();
            foreach (ScannedRow row in batch)
            {
                SnapshotRows.Write(_writer!, row);
            }

            if (_writer!.ByteCount - checkedByteCount >= BytesBetweenChecks)
            {
                _shard.RequireSpace(2 * BytesBetweenChecks);
                checkedByteCount = _writer.ByteCount;
            }
        }

        return _writer!.ByteCount;
    }

    private SnapshotManifest WriteManifest(SnapshotEnd end)
    {
        _shard.RequireOwner();
        _writer!.Complete();
        var manifest = new SnapshotManifest(
            SnapshotFormat.Version, _shard.Identity, OwnerRecord.FormatText(_shard.Format), _name.Id, _start.Lsn, end.Lsn, end.LogSegment, end.OwnerEpoch, end.StepNumber,
            end.RowCount, _writer.ByteCount, _writer.Checksum, _shard.Time.GetUtcNow(), RestoredFrom: null);
        _shard.Folder.Verify(_name, manifest, new Pace(_cancellation.Token).Keep);
        _shard.RequireOwner();
        manifest.Save(_shard.Disk, _shard.Folder.ManifestPath(_name));

        // Only what was there before the next owner's claim is sure to count for that one.
        _shard.RequireOwner();
        return manifest;
    }
}

/// <summary>Where a snapshot begins.</summary>
/// <param name="Lsn">Everything up to here is in the rows.</param>
/// <param name="AppendedByteCount">Of the log so far, since it was opened. Unit: bytes.</param>
/// <param name="RowByteCount">About what the rows take. Unit: bytes.</param>
/// <param name="KeyCount">Keys that the rows have: the first so many of the shard's.</param>
/// <param name="Writers">As of <paramref name="Lsn"/>.</param>
/// <param name="Vocabulary">As of <paramref name="Lsn"/>.</param>
internal sealed record SnapshotStart(
    long Lsn, long AppendedByteCount, long RowByteCount, long KeyCount, IReadOnlyList<KeyValuePair<string, WriterState>> Writers, byte[] Vocabulary);

/// <summary>What a snapshot stands for. See <see cref="SnapshotManifest"/>.</summary>
internal sealed record SnapshotEnd(long Lsn, string? LogSegment, long OwnerEpoch, long StepNumber, long RowCount);
