using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Some rows of a table in memory: those that are read often, and those that were asked for ahead.</summary>
/// <remarks>
/// <para>Its shards write every change here before they acknowledge it; rows that are not here are passed over. A row that is here is its newest. Only rows that exist are kept.</para>
/// <para>A row is let in at its second miss among the last of its set, so that a scan drives nothing out; it takes the place of a row that was not read since the last round (CLOCK) and is not held.</para>
/// <para>Thread-safe. Readers never wait for a writer and never see half a row.</para>
/// </remarks>
public sealed class CachedRows : IMovingRows, IDisposable
{
    /// <summary>Fewer sets leave too little to choose from.</summary>
    private const int SetCountMin = 64;

    /// <summary>Sets share locks: writers of two sets meet now and then, and however many there are take no memory.</summary>
    private const int LockCount = 256;

    /// <summary>The low bits of a row's hash say its set.</summary>
    private const int DoorHashShift = 15;

    /// <summary>What holds are counted in: 32 bits of it are four years.</summary>
    private static readonly TimeSpan HoldUnit = TimeSpan.FromMilliseconds(64);

    /// <summary>Sets that a table of so many rows gets: of the eight places of a set five are taken when all rows are here, so that few sets are full.</summary>
    private const int RowsPerSet = 5;

    private readonly SetSlab _slab;
    private readonly Lock _growth = new();
    private readonly Lock[] _locks = Enumerable.Range(0, LockCount).Select(static _ => new Lock()).ToArray();
    private readonly int _dataByteCount;
    private readonly TimeProvider _time;
    private readonly long _began;
    private long _clock;
    private long _liveRowCount;

    private CachedRows(SetSlab slab, int dataByteCount, TimeProvider time)
    {
        (_slab, _dataByteCount, _time) = (slab, dataByteCount, time);
        _began = time.GetTimestamp();
    }

    /// <summary>Memory that it takes: it grows with the rows of the table. Unit: bytes, exact.</summary>
    public long ByteCount => _slab.ByteCount;

    /// <summary>Memory that it may come to take. Unit: bytes, exact.</summary>
    public long ByteCountMax => _slab.SetCountMax * SetSlab.SetByteCount(_dataByteCount);

    /// <inheritdoc/>
    public bool IsComplete => false;

    /// <summary>What a table's rows are given here; 0 when the table is resident, when its memory is too little, and where only its shards know what a row is: see the README. Unit: bytes, exact.</summary>
    /// <param name="spec">The table.</param>
    /// <param name="storage">Of the memory for the table's rows, here and in its shards, half is the most that this takes: see the README.</param>
    public static long ByteCountMaxOf(TableSpec spec, StorageOptions storage)
    {
        RowFormat rows = spec.ToRowFormat();
        bool isKept = spec.Capacity is null && !rows.Keyed && rows.TimeToLiveMilliseconds is null && ResidentRows.ByteCountOf(spec.ToShape(), rows, storage.ResidentMemoryByteCount) == 0;
        return isKept ? SetCountMaxOf(rows, storage.TableMemoryByteCount) * SetSlab.SetByteCount(rows.DataByteCount) : 0;
    }

    /// <summary>What it takes when the table has so many rows, and never had more. Unit: bytes, exact.</summary>
    public static long ByteCountOf(TableSpec spec, StorageOptions storage, long rowCount)
    {
        long set = SetSlab.SetByteCount(spec.ToRowFormat().DataByteCount);
        long most = ByteCountMaxOf(spec, storage);
        return most == 0 ? 0 : SetCountOf(rowCount, (int)(most / set)) * set;
    }

    /// <summary>Makes place for rows.</summary>
    /// <returns>Null when the table is to have none, or the system has no memory for them.</returns>
    public static CachedRows? TryMake(TableSpec spec, StorageOptions storage)
    {
        if (ByteCountMaxOf(spec, storage) == 0)
        {
            return null;
        }

        RowFormat rows = spec.ToRowFormat();
        try
        {
            return new CachedRows(new SetSlab(SetCountMin, SetCountMaxOf(rows, storage.TableMemoryByteCount), rows.DataByteCount), rows.DataByteCount, storage.Time);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Copies the rows that are here into their slots.</summary>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="block">Slots by position.</param>
    /// <returns>The positions of the others, rented.</returns>
    public RowMisses Read(ReadOnlySpan<long> rowIds, in RowBlock block)
    {
        // Before the first look: a change that comes later is newer than what a shard may answer.
        long clock = Volatile.Read(ref _clock);
        int[] missed = System.Buffers.ArrayPool<int>.Shared.Rent(Math.Max(rowIds.Length, 1));
        int missCount = _slab.Read(rowIds, block.Rows.Span, block.Versions.Span, missed);
        block.Statuses.Span[..rowIds.Length].Clear();
        return RowMisses.Of(missed, missCount, clock);
    }

    /// <summary>Offers the rows that a shard answered with.</summary>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="misses">What <see cref="Read"/> gave for them.</param>
    /// <param name="block">With versions.</param>
    public void Admit(ReadOnlySpan<long> rowIds, in RowMisses misses, in RowBlock block)
    {
        using RowMemory.Hold kept = _slab.Keep();
        foreach (int position in misses.Positions.Span)
        {
            if (block.Statuses.Span[position] == RowStatus.Found)
            {
                ReadOnlySpan<byte> data = block.Rows.Span.Slice(position * _dataByteCount, _dataByteCount);

                // Whoever reads waits for nobody: a row whose set is being changed comes in another time.
                if (TryEnter(rowIds[position], out int set) is { } entered)
                {
                    try
                    {
                        Admit(set, rowIds[position], block.Versions.Span[position], data, misses.Clock, holdUntil: null);
                    }
                    finally
                    {
                        entered.Exit();
                    }
                }
            }
        }
    }

    /// <summary>Lets rows in without asking how often they are read, and keeps them, and those that are here already, at least for a time.</summary>
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="misses">What <see cref="Read"/> gave for them; the shards have answered them.</param>
    /// <param name="block">With versions.</param>
    /// <param name="hold">From now. A set whose rows are all held takes no more.</param>
    public void Hold(ReadOnlySpan<long> rowIds, in RowMisses misses, in RowBlock block, TimeSpan hold)
    {
        using RowMemory.Hold kept = _slab.Keep();
        int until = checked(Now() + (int)Math.Ceiling(hold / HoldUnit) + 1);
        for (int position = 0; position < rowIds.Length; position++)
        {
            if (block.Statuses.Span[position] == RowStatus.Found)
            {
                ReadOnlySpan<byte> data = block.Rows.Span.Slice(position * _dataByteCount, _dataByteCount);
                Lock entered = Enter(rowIds[position], out int set);
                try
                {
                    Admit(set, rowIds[position], block.Versions.Span[position], data, misses.Clock, until);
                }
                finally
                {
                    entered.Exit();
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Forget(Predicate<long> isMeant)
    {
        using RowMemory.Hold kept = _slab.Keep();
        for (int number = 0; number < _slab.SetCount; number++)
        {
            lock (LockOf(number))
            {
                SetSlab.Set set = _slab.Open(number);
                for (int way = 0; way < SetSlab.WayCount; way++)
                {
                    if (set.Uses[way] != WayUse.Free && isMeant(set.IdAt(way)))
                    {
                        set.Write(way, set.IdAt(way), 0, []);
                    }
                }

                set.NewestChange = Interlocked.Increment(ref _clock);
            }
        }
    }

    /// <summary>Gives the memory back when the last read that is under way has ended.</summary>
    public void Dispose() => _slab.Dispose();

    void IRowMirror.Write(long rowId, long lsn, ReadOnlySpan<byte> data)
    {
        using RowMemory.Hold kept = _slab.Keep();
        Lock entered = Enter(rowId, out int number);
        try
        {
            SetSlab.Set set = _slab.Open(number);
            int way = set.Find(rowId);
            if (way >= 0)
            {
                set.Write(way, rowId, data.IsEmpty ? 0 : lsn, data);
            }

            // Whoever read this row from its shard before may hold what it was: nothing that was missed before now comes into the set.
            set.NewestChange = Interlocked.Increment(ref _clock);
        }
        finally
        {
            entered.Exit();
        }
    }

    void IRowMirror.Resize(long change)
    {
        if (SetCountOf(Interlocked.Add(ref _liveRowCount, change), _slab.SetCountMax) > _slab.SetCount)
        {
            Grow();
        }
    }

    RowStatus IRowMirror.Read(long rowId, Span<byte> data, out long lsn) => throw new NotSupportedException("Not every row is here.");

    private static int SetCountOf(long rowCount, int setCountMax) => (int)Math.Clamp((rowCount + RowsPerSet - 1) / RowsPerSet, SetCountMin, setCountMax);

    private static int SetCountMaxOf(RowFormat rows, long tableMemoryByteCount)
    {
        long sets = Math.Min(tableMemoryByteCount / 2 / SetSlab.SetByteCount(rows.DataByteCount), 1 << 30);
        return sets < SetCountMin ? 0 : (int)sets;
    }

    private Lock LockOf(int set) => _locks[set % LockCount];

    /// <summary>The row's set, for its one writer.</summary>
    private Lock Enter(long rowId, out int set)
    {
        while (true)
        {
            set = _slab.SetOf(rowId);
            Lock entered = LockOf(set);
            entered.Enter();

            // A set that was split meanwhile may have given the row to another.
            if (set == _slab.SetOf(rowId))
            {
                return entered;
            }

            entered.Exit();
        }
    }

    /// <returns>Null when the set has a writer.</returns>
    private Lock? TryEnter(long rowId, out int set)
    {
        set = _slab.SetOf(rowId);
        Lock entered = LockOf(set);
        if (!entered.TryEnter())
        {
            return null;
        }

        if (set == _slab.SetOf(rowId))
        {
            return entered;
        }

        entered.Exit();
        return null;
    }

    private void Grow()
    {
        using RowMemory.Hold kept = _slab.Keep();
        lock (_growth)
        {
            while (_slab.SetCount < SetCountOf(Volatile.Read(ref _liveRowCount), _slab.SetCountMax))
            {
                // Nobody else takes two.
                lock (LockOf(_slab.NextToSplit))
                {
                    lock (LockOf(_slab.SetCount))
                    {
                        _slab.Split();
                    }
                }
            }
        }
    }

    private int Now() => (int)(_time.GetElapsedTime(_began) / HoldUnit);

    private void Admit(int number, long rowId, long lsn, ReadOnlySpan<byte> data, long clock, int? holdUntil)
    {
        SetSlab.Set set = _slab.Open(number);
        int way = set.Find(rowId);
        if (way < 0)
        {
            if (set.NewestChange > clock || (way = PlaceFor(set, rowId, isWanted: holdUntil is not null)) < 0)
            {
                return;
            }

            set.Write(way, rowId, lsn, data);
            set.Holds[way] = 0;
        }

        set.Holds[way] = Math.Max(set.Holds[way], holdUntil ?? 0);
    }

    /// <summary>A way that is free, or whose row may go; -1 when the row is not to come in.</summary>
    private int PlaceFor(in SetSlab.Set set, long rowId, bool isWanted)
    {
        int free = set.Uses.IndexOf(WayUse.Free);
        return free >= 0 ? free : isWanted || IsSecondMiss(set, rowId) ? Victim(set, rowId) : -1;
    }

    /// <summary>The first way of a round that was not read since the last and is not held; -1 when all are held.</summary>
    private int Victim(in SetSlab.Set set, long rowId)
    {
        // Where the round begins differs from row to row, so that no way is always first.
        int first = (IdHash.Of(rowId) >> DoorHashShift) & (SetSlab.WayCount - 1);
        int now = Now();
        for (int step = 0; step < 2 * SetSlab.WayCount; step++)
        {
            int way = (first + step) & (SetSlab.WayCount - 1);
            if (set.Holds[way] > now)
            {
                continue;
            }

            if (set.Uses[way] == WayUse.Idle)
            {
                return way;
            }

            set.Uses[way] = WayUse.Idle;
        }

        return -1;
    }

    /// <summary>Whether the row was missed among the last of its set. Notes that it is now.</summary>
    private static bool IsSecondMiss(in SetSlab.Set set, long rowId)
    {
        // Above 0, which is no hash: an empty place. The set's number comes from other bits.
        ushort hash = (ushort)((IdHash.Of(rowId) >> DoorHashShift) | 1);
        Span<ushort> door = set.Door;
        int at = door.IndexOf(hash);
        if (at >= 0)
        {
            door[at] = 0;
            return true;
        }

        door[..^1].CopyTo(door[1..]);
        door[0] = hash;
        return false;
    }
}
