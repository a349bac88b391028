using System.Collections.Concurrent;
using System.Threading.Channels;

namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>A buffer that grew past this for one large write is not kept.</summary>
    private const int GroupBufferByteCountMax = 64 << 20;

    private readonly Channel<PendingWrite?> _waiting;
    private readonly Task _writerEnded;
    private readonly ITimer? _commitTimer;
    private readonly List<PendingWrite> _group = [];
    private readonly HashSet<string> _writersInGroup = new(StringComparer.Ordinal);
    private readonly List<RecordHeader> _headers = [];
    private byte[] _groupBytes = [];
    private volatile Exception? _poison;
    private volatile bool _flushIsDue;
    private readonly ConcurrentQueue<Action> _errands = new();

    /// <summary>Commits a write and applies it.</summary>
    /// <param name="write">Its memory must stay as it is until the returned task completes.</param>
    /// <param name="cancellation">Honoured until the write's group is formed.</param>
    /// <exception cref="ArgumentException">The write does not fit the format; nothing of it was kept.</exception>
    /// <exception cref="OperationCanceledException">Nothing of the write was kept.</exception>
    /// <exception cref="ObjectDisposedException">The shard is closed.</exception>
    public async ValueTask<WriteReceipt> WriteAsync(RowWrite write, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (write.Kind is RowWriteKind.Purge or RowWriteKind.ForgetCounts or RowWriteKind.ForgetGone)
        {
            throw new ArgumentException($"{write.Kind} is for the shard itself.", nameof(write));
        }

        return await CommitAsync(write, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<WriteReceipt> CommitAsync(RowWrite write, CancellationToken cancellation)
    {
        write.Check(_format);
        var pending = new PendingWrite(write, cancellation);
        try
        {
            await _waiting.Writer.WriteAsync(pending, cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(Shard));
        }

        return await pending.Receipt.ConfigureAwait(false);
    }

    private static Channel<PendingWrite?> CreateQueue(ShardOptions options) => Channel.CreateBounded<PendingWrite?>(
        new BoundedChannelOptions(options.WaitingWriteCountMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private Task StartWriter() => Task.Factory.StartNew(RunWriterAsync, CancellationToken.None, TaskCreationOptions.None, CommitThreads.Instance).Unwrap();

    private ITimer? StartCommitTimer() => _options.Durability != Durability.Interval ? null : _options.Time.CreateTimer(
        _ =>
        {
            _flushIsDue = true;
            WakeWriter();
        },
        null, _options.CommitInterval, _options.CommitInterval);

    /// <summary>Waits without a thread, and goes on on one of <see cref="CommitThreads"/>: no await here may leave them.</summary>
    private async Task RunWriterAsync()
    {
        ChannelReader<PendingWrite?> reader = _waiting.Reader;
        while (true)
        {
            // A step is so small that a write which comes meanwhile need not wait, and other shards get the thread between steps.
            while (IsIdle(reader) && TryCompact(behindWrites: false))
            {
                await Task.Yield();
            }

            if (!await reader.WaitToReadAsync())
            {
                break;
            }

            TakeGroup(reader);
            SettleRepeats();
            if (_group.Count > 0)
            {
                CommitGroup();
            }

            TryCompact(behindWrites: true);
            LetGo();
            if (_flushIsDue)
            {
                _flushIsDue = false;
                FlushOrPoison();
            }

            ArmMark();
            MarkIfDue();
            RunErrands();
        }

        RunErrands();
        FlushOrPoison();
        MarkOrPoison();
        FlushOrPoison();
    }

    private static bool IsIdle(ChannelReader<PendingWrite?> reader) => !reader.TryPeek(out _) && !reader.Completion.IsCompleted;

    private bool TryCompact(bool behindWrites)
    {
        if (_poison is not null)
        {
            return false;
        }

        try
        {
            return behindWrites ? _state.CompactBehindWrites() : _state.CompactStep();
        }
        catch (Exception error)
        {
            // Rows may be lost in scratch. The log has them, so opening the shard again brings them back.
            Poison(error);
            return false;
        }
    }

    /// <summary>A queue that is full has no sleeping writer.</summary>
    private void WakeWriter() => _waiting.Writer.TryWrite(null);

    /// <summary>Does something on the writer's thread, between two groups: log and rows are at rest and agree.</summary>
    private Task<T> RunOnWriterAsync<T>(Func<T> errand)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _errands.Enqueue(() =>
        {
            try
            {
                done.SetResult(errand());
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        });

        WakeWriter();
        return done.Task;
    }

    private void RunErrands()
    {
        while (_errands.TryDequeue(out Action? errand))
        {
            errand();
        }
    }

    /// <summary>A shard that falls asleep holds neither its last writes, nor keys of writes that failed, nor the buffer of a large one.</summary>
    private void LetGo()
    {
        _group.Clear();
        _state.Keys?.RollBack();
        if (_groupBytes.Length > GroupBufferByteCountMax)
        {
            _groupBytes = [];
        }
    }

    private void TakeGroup(ChannelReader<PendingWrite?> reader)
    {
        _writersInGroup.Clear();
        long byteCount = 0;
        while (byteCount < _options.GroupByteCountMax && reader.TryPeek(out PendingWrite? next) && (next is null || Fits(next, byteCount)))
        {
            reader.TryRead(out _);
            if (next is null)
            {
                continue;
            }

            if (next.Cancellation.IsCancellationRequested)
            {
                next.Cancel();
                continue;
            }

            _group.Add(next);
            byteCount += next.RecordByteCount;
        }
    }

    /// <summary>A group has one write of a writer at the most: whether the next is a repeat shows when the first is in the log.</summary>
    private bool Fits(PendingWrite next, long byteCount) =>
        (byteCount + next.RecordByteCount <= int.MaxValue / 2 || _group.Count == 0)
        && (next.Write.Writer is not { } stamp || _writersInGroup.Add(stamp.Name));

    /// <summary>Answers the writes of the group that were written before, or come from a writer that was replaced; the rest stay.</summary>
    private void SettleRepeats() => _group.RemoveAll(pending =>
    {
        WriterVerdict verdict = pending.Write.Writer is { } stamp ? _writers.Judge(stamp, pending.Write.RowIds.IsEmpty) : WriterVerdict.New;
        if (verdict != WriterVerdict.New)
        {
            pending.Complete(new WriteReceipt(OutcomeOf(verdict), Version, 0));
        }

        return verdict != WriterVerdict.New;
    });

    private static WriteOutcome OutcomeOf(WriterVerdict verdict) => verdict switch
    {
        WriterVerdict.Duplicate => WriteOutcome.Duplicate,
        WriterVerdict.Fenced => WriteOutcome.Fenced,
        _ => WriteOutcome.TooManyWriters,
    };

    /// <summary>One group: log, flush, a look for claims, rows, answers.</summary>
    private void CommitGroup()
    {
        if (_poison is not null || IsFenced)
        {
            Refuse(Refusal, 0);
            return;
        }

        int answered = 0;
        if (_state.Vocabulary.Due(_log.LastLsn) is { } due)
        {
            _group.Insert(0, new PendingWrite(due, CancellationToken.None));
        }

        try
        {
            long began = _options.Time.GetTimestamp();
            SettleKeys();
            if (_group.Count == 0)
            {
                return;
            }

            int byteCount = AppendGroup();
            answered = ApplyGroup(byteCount);
            ShardMeters.CountCommit(_options.Time.GetElapsedTime(began), _group.Count, byteCount);
        }
        catch (DiskFullException error)
        {
            Refuse(RefusalOfFullDisk(error), answered);
        }
        catch (Exception error)
        {
            // Whatever it was, log and rows may now differ: nothing may be promised on top of that.
            Poison(error);
            Refuse(Refusal, answered);
        }
    }

    private int AppendGroup()
    {
        int byteCount = _group.Sum(pending => pending.RecordByteCount);
        RequireSpace(byteCount);
        _log.Prepare(byteCount);
        if (_groupBytes.Length < byteCount || _groupBytes.Length > GroupBufferByteCountMax)
        {
            _groupBytes = GC.AllocateUninitializedArray<byte>(byteCount);
        }

        long lastLsn = _log.LastLsn, firstLsn = 0;

        // Never back: what has expired for one record has expired for the next.
        long writtenAt = Math.Max(_options.Time.GetUtcNow().ToUnixTimeMilliseconds(), _state.Vocabulary.Clock);
        int offset = 0;
        _headers.Clear();
        foreach (PendingWrite pending in _group)
        {
            long lsn = Math.Max(lastLsn + 1, pending.Write.VersionMin);
            _headers.Add(Encode(pending, lsn, lastLsn, writtenAt, _groupBytes.AsSpan(offset, pending.RecordByteCount)));
            firstLsn = firstLsn == 0 ? lsn : firstLsn;
            lastLsn = lsn;
            offset += pending.RecordByteCount;
        }

        _log.Append(_groupBytes.AsSpan(0, byteCount), firstLsn, lastLsn);

        // A writer's sequence may stand in several shards: were one of them to forget it in a power cut, another would vouch for it.
        if (_options.Durability == Durability.Commit || _writersInGroup.Count > 0)
        {
#if !CANARY
            // Left out only by a build that the recovery suite must find out about.
            _log.Flush();
#endif
        }

        // Behind the write: a claim that comes later finds the group in the log, and one that came before is found here.
        _fence?.Require();
        _state.Keys?.Publish();
        return byteCount;
    }

    private RecordHeader Encode(PendingWrite pending, long lsn, long previousLsn, long writtenAt, Span<byte> record)
    {
        ReadOnlySpan<byte> name = pending.Write.Writer?.NameBytes;
        Span<byte> nameTarget = record.Slice(LogFormat.RecordHeaderByteCount, LogFormat.Padded(name.Length));
        nameTarget.Clear();
        name.CopyTo(nameTarget);
        WritePayload.Write(pending.Write, pending.RowIds.Span, record[(LogFormat.RecordHeaderByteCount + nameTarget.Length)..]);
        var header = new RecordHeader
        {
            WriterNameByteCount = (ushort)name.Length,
            WriterEpoch = pending.Write.Writer?.Epoch ?? 0,
            WriterSequence = pending.Write.Writer?.Sequence ?? 0,
            ByteCount = record.Length,
            Kind = RecordKind.Write,
            Lsn = lsn,
            PreviousLsn = previousLsn,
            OwnerEpoch = _log.OwnerEpoch,
            SyncedOffset = _log.SyncedOffset,
            WrittenAt = writtenAt,
        };
        header.Seal(record, _recordSeed);
        return header;
    }

    /// <returns>Writes that were acknowledged: all of the group.</returns>
    private int ApplyGroup(int byteCount)
    {
        int offset = 0;
        foreach ((PendingWrite pending, RecordHeader header) in _group.Zip(_headers))
        {
            Span<byte> record = _groupBytes.AsSpan(offset, pending.RecordByteCount);
            long touched = _state.Apply(header, record, TicksOf(pending.Write)) ?? throw new InvalidDataException("A record was encoded wrongly.");
            Interlocked.Exchange(ref _version, header.Lsn);
            Interlocked.Exchange(ref _rowCount, _updater.LiveRowCount);
            Interlocked.Exchange(ref _stepNumber, _updater.StepNumber);
            pending.Complete(new WriteReceipt(WriteOutcome.Committed, header.Lsn, touched));
            offset += pending.RecordByteCount;
        }

        System.Diagnostics.Debug.Assert(offset == byteCount, "The group's records fill its bytes.");
        return _group.Count;
    }

    private WriteTicks TicksOf(RowWrite write) =>
        new(write.FirstTick > 0 ? write.FirstTick : _options.Uses?.Take(write.RowIds.Length) ?? 0, write.Positions.Span);

    /// <summary>Checks that log and scratch have room beyond the reserve for this group.</summary>
    /// <remarks>FASTER hangs on a full disk, so what it may come to write counts too, as if both were on the same disk.</remarks>
    private void RequireSpace(long logByteCount)
    {
        long rowCount = _group.Sum(pending => (long)pending.Write.RowIds.Length);
        SpaceGuard.Require(_options, _folder, logByteCount);
        long scratchGrowth = _rows.ScratchGrowth(rowCount);
        if (scratchGrowth > 0)
        {
            SpaceGuard.Require(_options, _scratchFolder, logByteCount + scratchGrowth);
        }
    }

    private void FlushOrPoison()
    {
        if (_poison is not null)
        {
            return;
        }

        try
        {
            _log.Flush();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Poison(error);
        }
    }

    private void Poison(Exception error)
    {
        _poison = error;
        if (_fence?.TryConfirm() == false && IsFenced)
        {
            ShardLog.ShardFenced(_options.Logger, _folder, OwnerEpoch, error);
        }
        else
        {
            ShardLog.ShardPoisoned(_options.Logger, _folder, error);
        }
    }

    private void Refuse(WriteOutcome outcome, int first)
    {
        for (int i = first; i < _group.Count; i++)
        {
            _group[i].Complete(new WriteReceipt(outcome, Version, 0));
        }
    }
}
