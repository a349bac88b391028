namespace EmbedStore.Shards;

/// <summary>Takes one record of the log; false when its payload does not fit itself.</summary>
internal delegate bool RecordVisitor(in RecordHeader header, ReadOnlySpan<byte> record);

/// <summary>Reads a shard's log from where a snapshot leaves off to its end, checks everything that it reads, and cuts off what a crash left unfinished.</summary>
/// <remarks>
/// An end is unfinished when a record there is bad and nothing proves that it was ever flushed. The proof is a valid record behind it whose
/// <see cref="RecordHeader.SyncedOffset"/> lies beyond the bad byte, or a further segment. With the proof it is damage, and nothing is changed.
/// </remarks>
internal sealed class LogRecovery(IDisk disk, string folder, OwnerRecord owner)
{
    private readonly uint _seed = RecordHeader.Seed(owner.Identity);
    private long _lastLsn;
    private long _epoch;
    private long _byteCount;
    private long _replayedByteCount;
    private long _cutByteCount;

    /// <param name="coveredLsn">Records up to this one are not visited: a snapshot has what they did. 0: all are.</param>
    /// <param name="visit">Called for each other record in order.</param>
    /// <param name="cancellation">Between records; what was found so far stays untouched.</param>
    /// <exception cref="ShardDamagedException">Damage, or a format version from the future. Nothing was changed.</exception>
    public LogEnd Run(long coveredLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        List<string> names = SegmentNames(disk, folder);
        int first = FirstToRead(names, coveredLsn);
        _lastLsn = names.Count > 0 ? LogFormat.PreviousLsnOf(names[first]) : coveredLsn;
        long firstLsn = names.Count > 0 ? LogFormat.PreviousLsnOf(names[0]) + 1 : 0;
        foreach (string covered in names.Take(first))
        {
            using IDiskFile file = disk.Open(Path.Combine(folder, covered), create: false);
            _byteCount += file.Length;
        }

        for (int i = first; i < names.Count; i++)
        {
            bool isLast = i == names.Count - 1;
            if (!ReadSegment(Path.Combine(folder, names[i]), isLast, coveredLsn, visit, cancellation))
            {
                names.RemoveAt(i);
            }
        }

        return new LogEnd(Math.Min(firstLsn, _lastLsn), _lastLsn, names.Count, _byteCount, names.LastOrDefault(), _replayedByteCount, _cutByteCount);
    }

    /// <summary>Reads the records of a part of the log, and changes nothing. The shard may be open, and its log may grow meanwhile.</summary>
    /// <param name="coveredLsn">The record before the first.</param>
    /// <param name="lastLsn">The last one.</param>
    /// <param name="visit">Called for each in order.</param>
    /// <param name="cancellation">Between records.</param>
    /// <exception cref="ShardDamagedException">Damage.</exception>
    public void Read(long coveredLsn, long lastLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        List<string> names = SegmentNames(disk, folder);
        int first = FirstToRead(names, coveredLsn);
        _lastLsn = names.Count > 0 ? LogFormat.PreviousLsnOf(names[first]) : coveredLsn;
        for (int i = first; i < names.Count && _lastLsn < lastLsn; i++)
        {
            string path = Path.Combine(folder, names[i]);
            using var reader = new SegmentReader(disk.Open(path, create: false));
            RequireHeader(reader, path);
            ReadRecords(reader, path, coveredLsn, lastLsn, visit, cancellation);
        }

        if (_lastLsn < lastLsn)
        {
            throw new ShardDamagedException(Path.Combine(folder, names.LastOrDefault() ?? ""), -1, FormattableString.Invariant($"the log ends with record {_lastLsn}, not {lastLsn}."));
        }
    }

    /// <summary>The segments of a log, oldest first.</summary>
    public static List<string> SegmentNames(IDisk disk, string folder) => [.. disk.FileNames(folder).Where(LogFormat.IsSegmentName)];

    /// <summary>The last segment that begins at or before the record behind the covered ones: what stands before it was covered whole.</summary>
    private int FirstToRead(List<string> names, long coveredLsn)
    {
        int first = names.FindLastIndex(name => LogFormat.PreviousLsnOf(name) <= coveredLsn);
        return first >= 0 || names.Count == 0
            ? Math.Max(first, 0)
            : throw new ShardDamagedException(
                Path.Combine(folder, names[0]), 32, FormattableString.Invariant($"the log begins behind record {LogFormat.PreviousLsnOf(names[0])}, and no snapshot that is whole covers more than {coveredLsn}."));
    }

    /// <returns>False when the segment was made but not finished, and is gone now.</returns>
    private bool ReadSegment(string path, bool isLast, long coveredLsn, RecordVisitor visit, CancellationToken cancellation)
    {
        IDiskFile file = disk.Open(path, create: false);
        using var reader = new SegmentReader(file);
        if (!CheckHeader(reader, path, isLast))
        {
            reader.Dispose();
            disk.Delete(path);
            disk.FlushFolder(folder);
            _cutByteCount += reader.Length;
            return false;
        }

        long offset = ReadRecords(reader, path, coveredLsn, long.MaxValue, visit, cancellation);
        if (offset < reader.Length)
        {
            CheckTail(reader, path, offset, isLast);
            _cutByteCount += reader.Length - offset;
            file.SetLength(offset);
        }

        if (isLast)
        {
            // Records that a killed process left in the page cache are served from here on, so they must last from here on.
            file.Flush();
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
            throw new ShardDamagedException(path, bad, "no valid record, though a later segment exists.");
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
