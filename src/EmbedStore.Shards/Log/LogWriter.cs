namespace EmbedStore.Shards;

/// <summary>Appends to a shard's log. One thread.</summary>
/// <remarks>After any exception but <see cref="DiskFullException"/> nothing is known about the log's end: the owner must not use the writer again.</remarks>
internal sealed class LogWriter : IDisposable
{
    private readonly IDisk _disk;
    private readonly FolderView _view;
    private readonly Guid _identity;
    private readonly long _segmentByteCountMax;
    private IDiskFile? _segment;
    private long _markedOffset;

    /// <param name="disk">Where the folder is.</param>
    /// <param name="view">Of the folder of the segments.</param>
    /// <param name="owner">Who writes.</param>
    /// <param name="end">Where recovery found the end.</param>
    /// <param name="segmentByteCountMax">A segment is closed before it grows past this, unless one group does alone.</param>
    public LogWriter(IDisk disk, FolderView view, OwnerRecord owner, LogEnd end, long segmentByteCountMax)
    {
        (_disk, _view, _identity, OwnerEpoch, _segmentByteCountMax) = (disk, view, owner.Identity, owner.Epoch, segmentByteCountMax);
        (LastLsn, FirstLsn, SegmentCount, ByteCount) = (end.LastLsn, end.FirstLsn, end.SegmentCount, end.ByteCount);
        Segment = end.LastSegment;
        if (end.LastSegment is { } name)
        {
            _segment = disk.Open(PathOf(name), create: false);
            Offset = SyncedOffset = _segment.Length;

            // What an owner took over by writing it again is flushed and says so nowhere: the next owner would write it again once more.
            _markedOffset = view.TakeOver is null ? Offset : LogFormat.SegmentHeaderByteCount;
        }
    }

    public long OwnerEpoch { get; }

    /// <summary>0 when there is none.</summary>
    public long LastLsn { get; private set; }

    /// <summary>The oldest record that may be here; 0 when there is none.</summary>
    public long FirstLsn { get; private set; }

    public int SegmentCount { get; private set; }

    /// <summary>Of all segments. Unit: bytes.</summary>
    public long ByteCount { get; private set; }

    /// <summary>Where the next group goes in its segment. Unit: bytes.</summary>
    public long Offset { get; private set; }

    /// <summary>Everything of the segment before this is on stable storage. Unit: bytes.</summary>
    public long SyncedOffset { get; private set; }

    /// <summary>Appended since the log was opened. Unit: bytes.</summary>
    public long AppendedByteCount { get; private set; }

    /// <summary>File name of the segment that is written on; null when there is none.</summary>
    public string? Segment { get; private set; }

    public bool HasUnsynced => SyncedOffset < Offset;

    /// <summary>Records were flushed, and nothing in the log says so.</summary>
    public bool NeedsMark => !HasUnsynced && Offset > _markedOffset;

    /// <summary>Makes sure that a group of this size has a segment to go to; after it <see cref="Offset"/> and <see cref="SyncedOffset"/> are that segment's.</summary>
    public void Prepare(long groupByteCount)
    {
        if (_segment is not null && (Offset == LogFormat.SegmentHeaderByteCount || Offset + groupByteCount <= _segmentByteCountMax))
        {
            return;
        }

        // The old segment is whole on disk before the new one exists: so only the last segment can have an unfinished end.
        Flush();
        IDiskFile next = Create();
        _segment?.Dispose();
        _segment = next;
        Segment = NextSegmentName;
        SegmentCount++;
        Offset = SyncedOffset = _markedOffset = LogFormat.SegmentHeaderByteCount;
        ByteCount += LogFormat.SegmentHeaderByteCount;
    }

    /// <summary>Appends records that lie behind each other.</summary>
    /// <exception cref="DiskFullException">Nothing of the group is in the log.</exception>
    public void Append(ReadOnlySpan<byte> group, long firstLsn, long lastLsn)
    {
        try
        {
            _segment!.Write(group, Offset);
        }
        catch (DiskFullException)
        {
            // Flushed, because a further segment would make damage out of a rest that comes back after a power cut.
            _segment!.SetLength(Offset);
            _segment.Flush();
            SyncedOffset = Offset;
            throw;
        }

        Offset += group.Length;
        ByteCount += group.Length;
        AppendedByteCount += group.Length;
        LastLsn = lastLsn;
        FirstLsn = FirstLsn == 0 ? firstLsn : FirstLsn;
    }

    /// <summary>Appends a mark where one is needed; see <see cref="NeedsMark"/>. It is not flushed, and may stand beyond the size at which the next segment is begun.</summary>
    /// <param name="writtenAt">Unix milliseconds.</param>
    /// <exception cref="DiskFullException">It is not in the log.</exception>
    public void AppendMark(long writtenAt)
    {
        Span<byte> mark = stackalloc byte[LogMark.ByteCountMax];
        mark = mark[..LogMark.ByteCountAt(Offset)];
        LogMark.Write(mark, Offset, LastLsn, OwnerEpoch, writtenAt, RecordHeader.Seed(_identity));
        Append(mark, FirstLsn, LastLsn);
        _markedOffset = Offset;
    }

    /// <summary>Lets go of the segments whose records a snapshot covers, all but the newest. The caller deletes them, on whatever thread; one that a crash leaves is let go of again.</summary>
    /// <param name="coveredLsn">Records up to this one are not needed any more.</param>
    /// <param name="named">A segment that the snapshot says it goes on from, so that it stays though the snapshot may cover all of it; null: none.</param>
    /// <returns>Full paths, oldest first.</returns>
    public IReadOnlyList<string> LetGo(long coveredLsn, string? named)
    {
        List<string> names = _view.SegmentNames();
        int kept = names.FindLastIndex(name => LogFormat.PreviousLsnOf(name) <= coveredLsn);
        if (named is not null && names.Contains(named))
        {
            kept = Math.Min(kept, names.IndexOf(named));
        }

        if (kept <= 0)
        {
            return [];
        }

        List<string> paths = [.. names.Take(kept).Select(PathOf)];
        (ByteCount, SegmentCount) = (names.Skip(kept).Sum(LengthOf), names.Count - kept);
        FirstLsn = LogFormat.PreviousLsnOf(names[kept]) + 1;
        return paths;
    }

    private string NextSegmentName => LogFormat.SegmentName(LastLsn, _view.Epoch);

    private string PathOf(string segment) => Path.Combine(_view.Folder, segment);

    private long LengthOf(string name)
    {
        using IDiskFile file = _disk.Open(PathOf(name), create: false);
        return Math.Min(file.Length, _view.ByteCountMax(name));
    }

    public void Flush()
    {
        if (HasUnsynced)
        {
            _segment!.Flush();
            SyncedOffset = Offset;
        }
    }

    public void Dispose() => _segment?.Dispose();

    private IDiskFile Create()
    {
        string path = PathOf(NextSegmentName);
        Span<byte> header = stackalloc byte[LogFormat.SegmentHeaderByteCount];
        new SegmentHeader(_identity, LastLsn, OwnerEpoch).WriteTo(header);
        IDiskFile file = _disk.Open(path, create: true);
        try
        {
            file.Write(header, 0);
        }
        catch (DiskFullException)
        {
            file.Dispose();
            _disk.Delete(path);
            _disk.FlushFolder(_view.Folder);
            throw;
        }

        file.Flush();
        _disk.FlushFolder(_view.Folder);
        return file;
    }
}
