using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The rows of one table in <see cref="AgedRows"/>: sets of a few ways, of which the one that was used longest ago gives way.</summary>
/// <remarks>Thread-safe: a set has one user at a time, for as long as a row is copied.</remarks>
internal sealed class AgedTable
{
    private const int WayCount = 8;
    private const int LockCount = 64;
    private const int SetsPerChunk = 1 << 10;

    private readonly Lock[] _locks = Enumerable.Range(0, LockCount).Select(static _ => new Lock()).ToArray();
    private readonly int _rowByteCount;
    private readonly int _setCount;
    private readonly Entry[] _entries;
    private readonly byte[][] _rows;

    private AgedTable(int rowByteCount, int setCount)
    {
        (_rowByteCount, _setCount) = (rowByteCount, setCount);
        _entries = new Entry[setCount * WayCount];
        _rows = [.. Enumerable.Range(0, (setCount + SetsPerChunk - 1) / SetsPerChunk)
            .Select(chunk => new byte[Math.Min(SetsPerChunk, setCount - (chunk * SetsPerChunk)) * WayCount * rowByteCount])];
    }

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => _setCount * SetByteCount(_rowByteCount);

    /// <summary>Null when not one set fits.</summary>
    /// <param name="rowByteCount">Of one row. Unit: bytes.</param>
    /// <param name="byteCountMax">Unit: bytes.</param>
    public static AgedTable? TryMake(int rowByteCount, long byteCountMax)
    {
        int setCount = (int)Math.Min(byteCountMax / SetByteCount(rowByteCount), int.MaxValue / WayCount / 2);
        return setCount > 0 && (long)SetsPerChunk * WayCount * rowByteCount <= Array.MaxLength ? new AgedTable(rowByteCount, setCount) : null;
    }

    /// <summary>Copies a row that is new enough to its position.</summary>
    public bool TryRead(long rowId, long askedAtMin, long versionMin, in RowBlock block, int position, ref int notFound)
    {
        int set = SetOf(rowId);
        lock (_locks[set % LockCount])
        {
            int at = Find(set, rowId);
            if (at < 0 || _entries[at].AskedAt < askedAtMin || _entries[at].ShardVersion < versionMin)
            {
                return false;
            }

            ref Entry entry = ref _entries[at];
            entry.UsedAt = Math.Max(entry.UsedAt, askedAtMin);
            block.Statuses.Span[position] = entry.Status;
            if (!block.Versions.IsEmpty)
            {
                block.Versions.Span[position] = entry.Version;
            }

            if (entry.Status == RowStatus.Found)
            {
                RowAt(at).CopyTo(block.Rows.Span[(position * _rowByteCount)..]);
            }
            else
            {
                notFound++;
            }

            return true;
        }
    }

    /// <summary>Takes a row in, unless a newer one is here.</summary>
    public void Write(long rowId, PeerRowsView rows, int place, long shardVersion, long askedAt)
    {
        int set = SetOf(rowId);
        lock (_locks[set % LockCount])
        {
            int at = Find(set, rowId);
            if (at >= 0 && _entries[at].ShardVersion > shardVersion)
            {
                return;
            }

            at = at >= 0 ? at : Victim(set);
            _entries[at] = new Entry(rowId, rows.VersionOf(place), shardVersion, askedAt, askedAt, rows.StatusOf(place));
            if (rows.StatusOf(place) == RowStatus.Found)
            {
                rows.RowOf(place).CopyTo(RowAt(at));
            }
        }
    }

    private static long SetByteCount(int rowByteCount) => (long)WayCount * (rowByteCount + System.Runtime.CompilerServices.Unsafe.SizeOf<Entry>());

    private int SetOf(long rowId) => (int)((uint)IdHash.Of(rowId) % (uint)_setCount);

    private int Find(int set, long rowId)
    {
        for (int at = set * WayCount; at < (set + 1) * WayCount; at++)
        {
            if (_entries[at].AskedAt != 0 && _entries[at].RowId == rowId)
            {
                return at;
            }
        }

        return -1;
    }

    private int Victim(int set)
    {
        int victim = set * WayCount;
        for (int at = victim + 1; at < (set + 1) * WayCount; at++)
        {
            victim = _entries[at].UsedAt < _entries[victim].UsedAt ? at : victim;
        }

        return victim;
    }

    private Span<byte> RowAt(int at) => _rows[at / (SetsPerChunk * WayCount)].AsSpan(at % (SetsPerChunk * WayCount) * _rowByteCount, _rowByteCount);

    /// <summary>One row; nothing is here while it was asked at 0.</summary>
    private record struct Entry(long RowId, long Version, long ShardVersion, long AskedAt, long UsedAt, RowStatus Status);
}
