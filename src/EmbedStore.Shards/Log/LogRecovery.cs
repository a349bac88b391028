namespace EmbedStore.Shards;

/// <summary>Takes one record of the log; false when its payload does not fit itself.</summary>
internal delegate bool RecordVisitor(in RecordHeader header, ReadOnlySpan<byte> record);

/// <summary>Reads a shard's log from where a snapshot leaves off to its end, checks everything that it reads, and cuts off what a crash left unfinished.</summary>
/// <remarks>
/// An end is unfinished when a record there is bad and nothing proves that it was ever flushed. The proof is a valid record behind it whose
/// <see cref="RecordHeader.SyncedOffset"/> lies beyond the bad byte, or a further segment. With the proof it is damage, and nothing is changed.
/// Where owners claim, a log has no unfinished end: see <see cref="TakeOver"/>.
/// </remarks>
internal sealed class LogRecovery(IDisk disk, FolderView view, OwnerRecord owner)
{
    private readonly uint _seed = RecordHeader.Seed(owner.Identity);
    private long _lastLsn;
    private long _epoch;
    private long _syncedOffset;
    private long _byteCount;
    private long _replayedByteCount;
    private long _cutByteCount;

    /// <param name="coveredLsn">Records up to this one are not visited: a snapshot has what they did. 0: all are.</param>
    /// <param name="visit">Called for each other record in order.</param>
    /// <param name="cancellation">Between records; what was found so far stays untouched.</param>
    /// <exception cref="ShardDamagedException">Damage, or a format version from the future. Nothing was changed.</exception>
    public LogEnd Run(long coveredLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        List<string> names = view.SegmentNames();
        int first = FirstToRead(names, coveredLsn);
        _lastLsn = names.Count > 0 ? LogFormat.PreviousLsnOf(names[first]) : coveredLsn;
        long firstLsn = names.Count > 0 ? LogFormat.PreviousLsnOf(names[0]) + 1 : 0;
        foreach (string covered in names.Take(first))
        {
            using IDiskFile file = disk.Open(PathOf(covered), create: false);
            _byteCount += Math.Min(file.Length, view.ByteCountMax(covered));
        }

        for (int i = first; i < names.Count; i++)
        {
            bool mayBeUnfinished = i == names.Count - 1 && view.TakeOver is null;
            if (!ReadSegment(names[i], mayBeUnfinished, coveredLsn, visit, cancellation))
            {
                names.RemoveAt(i);
            }
        }

        if (view.TakeOver is { } takeOver && _lastLsn < takeOver.LastLsn)
        {
            throw new ShardDamagedException(PathOf(names.LastOrDefault() ?? ""), -1, FormattableString.Invariant($"the log ends with record {_lastLsn}, and owner {takeOver.Epoch} found record {takeOver.LastLsn}."));
        }

        string? last = names.LastOrDefault();
        return new LogEnd(
            Math.Min(firstLsn, _lastLsn), _lastLsn, names.Count, _byteCount, last is not null && LogFormat.EpochOf(last) == view.Epoch ? last : null, _replayedByteCount, _cutByteCount);
    }

    /// <summary>Reads the records of a part of the log, and changes nothing. The shard may be open, and its log may grow meanwhile.</summary>
    /// <param name="coveredLsn">The record before the first.</param>
    /// <param name="lastLsn">The last one.</param>
    /// <param name="visit">Called for each in order.</param>
    /// <param name="cancellation">Between records.</param>
    /// <exception cref="ShardDamagedException">Damage.</exception>
    public void Read(long coveredLsn, long lastLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        List<string> names = view.SegmentNames();
        int first = FirstToRead(names, coveredLsn);
        _lastLsn = names.Count > 0 ? LogFormat.PreviousLsnOf(names[first]) : coveredLsn;
        for (int i = first; i < names.Count && _lastLsn < lastLsn; i++)
        {
            string path = PathOf(names[i]);
            using SegmentReader reader = Open(names[i]);
            if (view.ByteCountMax(names[i]) == 0)
            {
                continue;
            }

            RequireHeader(reader, path);
            ReadRecords(reader, path, coveredLsn, lastLsn, visit, cancellation);
        }

        if (_lastLsn < lastLsn)
        {
            throw new ShardDamagedException(PathOf(names.LastOrDefault() ?? ""), -1, FormattableString.Invariant($"the log ends with record {_lastLsn}, not {lastLsn}."));
        }
    }

    /// <summary>Where a log ends that no owner has sealed yet. Changes nothing, and its owner may still write.</summary>
    /// <returns>Null when there is nothing that is not sealed.</returns>
    /// <exception cref="ShardDamagedException">The end is damaged.</exception>
    public LogTail? FindTail(CancellationToken cancellation)
    {
        bool isLast = true;
        foreach (string name in view.SegmentNames().AsEnumerable().Reverse().TakeWhile(name => !view.IsSealed(name)))
        {
            string path = PathOf(name);
            using SegmentReader reader = Open(name);
            _lastLsn = LogFormat.PreviousLsnOf(name);
            if (!CheckHeader(reader, path, isLast))
            {
                // It was just begun: so the one before is on stable storage to its end.
                isLast = false;
                continue;
            }

            long end = ReadRecords(reader, path, long.MaxValue, long.MaxValue, static (in RecordHeader _, ReadOnlySpan<byte> _) => true, cancellation);
            if (end < reader.Length)
            {
                CheckTail(reader, path, end, isLast);
            }

            return new LogTail(name, isLast ? Math.Max(_syncedOffset, LogFormat.SegmentHeaderByteCount) : end, end, reader.Length, _lastLsn);
        }

        return null;
    }

    private string PathOf(string segment) => Path.Combine(view.Folder, segment);

    private SegmentReader Open(string segment)
    {
        var reader = new SegmentReader(disk.Open(PathOf(segment), create: false), view.ByteCountMax(segment));
        if (!view.IsSealed(segment) || reader.Length == view.ByteCountMax(segment))
        {
            return reader;
        }

        reader.Dispose();
        throw new ShardDamagedException(PathOf(segment), reader.Length, FormattableString.Invariant($"it ends here, and had {view.ByteCountMax(segment)} bytes when it was taken over."));
    }

    /// <summary>The last segment that begins at or before the record behind the covered ones: what stands before it was covered whole.</summary>
    private int FirstToRead(List<string> names, long coveredLsn)
    {
        int first = names.FindLastIndex(name => LogFormat.PreviousLsnOf(name) <= coveredLsn);
        return first >= 0 || names.Count == 0
            ? Math.Max(first, 0)
            : throw new ShardDamagedException(
                PathOf(names[0]), 32, FormattableString.Invariant($"the log begins behind record {LogFormat.PreviousLsnOf(names[0])}, and no snapshot that is whole covers more than {coveredLsn}."));
    }

    /// <returns>False when the segment was made but not finished, and is gone now.</returns>
    private bool ReadSegment(string name, bool isLast, long coveredLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        string path = PathOf(name);
        using SegmentReader reader = Open(name);
        if (view.ByteCountMax(name) == 0)
        {
            return true;
        }

        if (!CheckHeader(reader, path, isLast))
        {
            reader.Dispose();
            disk.Delete(path);
            disk.FlushFolder(view.Folder);
            _cutByteCount += reader.Length;
            return false;
        }

        long offset = ReadRecords(reader, path, coveredLsn, long.MaxValue, visit, cancellation);
        if (offset < reader.Length)
        {
            CheckTail(reader, path, offset, isLast);
            _cutByteCount += reader.Length - offset;
            reader.File.SetLength(offset);
        }

        if (isLast)
        {
            // Records that a killed process left in the page cache are served from here on, so they must last from here on.
            reader.File.Flush();
        }

        _byteCount += offset;
        return true;
    }

    /// <returns>Where the last record ends.</returns>
    private long ReadRecords(SegmentReader reader, string path, long coveredLsn, long lastLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        long offset = LogFormat.SegmentHeaderByteCount;
        while (_lastLsn < lastLsn && offset < reader.Length && TryRecordAt(reader, offset, out RecordHeader header))
        {
            cancellation.ThrowIfCancellationRequested();
            CheckChain(path, offset, header);
            if (header.Kind == RecordKind.Write && header.Lsn > coveredLsn && !visit(header, reader.At(offset, header.ByteCount)))
            {
                throw new ShardDamagedException(path, offset, FormattableString.Invariant($"the payload of record {header.Lsn} does not fit itself."));
            }

            (_lastLsn, _epoch) = (header.Lsn, header.OwnerEpoch);
            _syncedOffset = Math.Max(_syncedOffset, header.SyncedOffset);
            _replayedByteCount += header.Lsn > coveredLsn ? header.ByteCount : 0;
            offset += header.ByteCount;
        }

        return offset;
    }

    /// <returns>False when the segment was made but not finished.</returns>
    private bool CheckHeader(SegmentReader reader, string path, bool isLast)
    {
        ReadOnlySpan<byte> bytes = reader.At(0, LogFormat.SegmentHeaderByteCount);
        if (SegmentHeader.FormatVersion(bytes) is null or LogFormat.Version && !SegmentHeader.TryRead(bytes, out _))
        {
            CheckTail(reader, path, 0, isLast);
            return false;
        }

        RequireHeader(reader, path);
        return true;
    }

    private void RequireHeader(SegmentReader reader, string path)
    {
        ReadOnlySpan<byte> bytes = reader.At(0, LogFormat.SegmentHeaderByteCount);
        if (SegmentHeader.FormatVersion(bytes) is { } version && version != LogFormat.Version)
        {
            throw new ShardDamagedException(path, 8, FormattableString.Invariant($"format version {version} is not known here, only {LogFormat.Version}."));
        }

        if (!SegmentHeader.TryRead(bytes, out SegmentHeader header))
        {
            throw new ShardDamagedException(path, 0, "no segment begins here.");
        }

        if (header.Identity != owner.Identity)
        {
            throw new ShardDamagedException(path, 16, "the segment belongs to another shard.");
        }

        if (header.PreviousLsn != _lastLsn)
        {
            throw new ShardDamagedException(path, 32, FormattableString.Invariant($"the segment follows record {header.PreviousLsn}, but the one before it ends with {_lastLsn}."));
        }

        CheckEpoch(path, 40, header.OwnerEpoch);
    }

    private bool TryRecordAt(SegmentReader reader, long offset, out RecordHeader header)
    {
        header = default;
        int byteCount = RecordHeader.PlausibleByteCount(reader.At(offset, LogFormat.RecordHeaderByteCount), reader.Length - offset);
        return byteCount > 0 && RecordHeader.TryRead(reader.At(offset, byteCount), _seed, out header);
    }

    private void CheckChain(string path, long offset, in RecordHeader header)
    {
        bool isNext = header.Kind == RecordKind.Mark ? header.Lsn == _lastLsn : header.Lsn > _lastLsn;
        if (header.PreviousLsn != _lastLsn || !isNext)
        {
            throw new ShardDamagedException(path, offset, FormattableString.Invariant($"record {header.Lsn} follows {header.PreviousLsn}, but the one before it is {_lastLsn}."));
        }

        CheckEpoch(path, offset, header.OwnerEpoch);
        if (header.Kind is not (RecordKind.Write or RecordKind.Mark))
        {
            throw new ShardDamagedException(path, offset, FormattableString.Invariant($"records of kind {(int)header.Kind} are not known here."));
        }
    }

    private void CheckEpoch(string path, long offset, long epoch)
    {
        if (epoch < _epoch || epoch > owner.Epoch)
        {
            throw new ShardDamagedException(path, offset, FormattableString.Invariant($"owner epoch {epoch} is outside [{_epoch}, {owner.Epoch}]: two owners wrote."));
        }
    }

    /// <summary>Throws unless what begins at <paramref name="bad"/> may be the unfinished end of the log.</summary>
    private void CheckTail(SegmentReader reader, string path, long bad, bool isLast)
    {
        if (!isLast)
        {
            throw new ShardDamagedException(path, bad, view.TakeOver is null ? "no valid record, though a later segment exists." : "no valid record, though an owner found one.");
        }

        for (long offset = (bad + 8) & ~7L; offset < reader.Length; offset += 8)
        {
            if (TryRecordAt(reader, offset, out RecordHeader later) && later.SyncedOffset > bad)
            {
                throw new ShardDamagedException(path, bad, FormattableString.Invariant($"no valid record, though record {later.Lsn} at byte {offset} shows that this was flushed."));
            }
        }
    }
}
