namespace EmbedStore.Shards;

/// <summary>One shard of one table: rows by id, or by key, lasting.</summary>
/// <remarks>
/// <para>The log is the truth. A write is appended to it, flushed as <see cref="ShardOptions.Durability"/> says, applied to the rows and then acknowledged: in this order.</para>
/// <para>Thread safety: every member from any number of threads at once; writes that wait together share one flush.</para>
/// </remarks>
public sealed partial class Shard : IAsyncDisposable
{
    private readonly RowFormat _format;
    private readonly ShardOptions _options;
    private readonly string _folder;
    private readonly string _scratchFolder;
    private readonly IDisposable? _lock;
    private readonly OwnerFence? _fence;
    private readonly ShardState _state;
    private readonly RowStore _rows;
    private readonly RowUpdater _updater;
    private readonly WriterTable _writers;
    private readonly LogWriter _log;
    private readonly Guid _identity;
    private readonly uint _recordSeed;
    private readonly long _cutByteCount;
    private readonly ReadGate _readGate = new();
    private long _version;
    private long _rowCount;
    private long _stepNumber;
    private int _disposed;

    private Shard(string folder, string scratchFolder, RowFormat format, ShardOptions options, Opening opening)
    {
        (_folder, _scratchFolder, _format, _options) = (folder, scratchFolder, format, options);
        (_lock, _fence, _state, _log) = (opening.Lock, opening.Fence, opening.State!, opening.Log!);
        (_rows, _updater, _writers) = (_state.Rows, _state.Updater, _state.Writers);
        (_identity, _recordSeed) = (opening.Identity, opening.RecordSeed);
        _snapshots = new SnapshotFolder(options.Disk, opening.View!);
        _snapshot = opening.Snapshot;
        _unsavedAtOpening = opening.ReplayedByteCount;
        _cutByteCount = opening.CutByteCount;
        (_version, _rowCount, _stepNumber) = (_log.LastLsn, _updater.LiveRowCount, _updater.StepNumber);
        _waiting = CreateQueue(options);
        _rows.CompactionCanGoOn = WakeWriter;
        _writerEnded = StartWriter();
        _commitTimer = StartCommitTimer();
        options.Uses?.StartAbove(_version);
        _purgeTimer = StartPurgeTimer();
    }

    /// <summary>What the rows are made of.</summary>
    public RowFormat Format => _format;

    /// <summary>Version of the newest committed write, 0 for none. Reads that begin later see it.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Live rows, and those that expired and were not purged yet.</summary>
    public long RowCount => Interlocked.Read(ref _rowCount);

    /// <summary>Highest <see cref="OptimizerStep.Number"/> that was committed; 0 for none.</summary>
    public long StepNumber => Interlocked.Read(ref _stepNumber);

    /// <summary>The newest write of a writer here; null when it never wrote here.</summary>
    public WriterState? WriterState(string name) => _writers.Find(name);

    /// <summary>False once a write or flush failed, or another owner took over: reads go on, writes answer <see cref="WriteOutcome.Unavailable"/> or <see cref="WriteOutcome.NotOwner"/> until the shard is opened again.</summary>
    public bool AcceptsWrites => _poison is null && !IsFenced && Volatile.Read(ref _disposed) == 0;

    /// <summary>Sizes now.</summary>
    public ShardStatistics Statistics => new(
        RowCount,
        _log.FirstLsn,
        Version,
        _log.OwnerEpoch,
        _log.SegmentCount,
        new ShardBytes(
            _rows.IndexByteCount,
            _rows.PagesByteCount,
            _state.Keys?.ByteCount ?? 0,
            _state.Vocabulary.ByteCount,
            _rows.LogByteCount,
            _rows.ScratchByteCount,
            _log.ByteCount,
            SnapshotByteCount),
        _cutByteCount,
        _state.Keys?.Count ?? 0)
    {
        CandidateCount = _state.Vocabulary.Admission?.CandidateCount ?? 0,
    };

    /// <summary>Commits what was accepted, flushes the log, waits for reads that are under way, and lets go of the folder. Later calls fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_commitTimer is not null)
        {
            await _commitTimer.DisposeAsync().ConfigureAwait(false);
        }

        if (_purgeTimer is not null)
        {
            await _purgeTimer.DisposeAsync().ConfigureAwait(false);
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await _snapshotTurn.WaitAsync().ConfigureAwait(false);
        _waiting.Writer.TryComplete();
        await _writerEnded.ConfigureAwait(false);
        _markTimer?.Dispose();
        await _readGate.CloseAsync().ConfigureAwait(false);
        _log.Dispose();
        _state.Dispose();
        _lock?.Dispose();
        _closing.Dispose();
        _snapshotTurn.Dispose();
    }
}
