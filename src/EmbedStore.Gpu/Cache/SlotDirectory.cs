namespace EmbedStore.Gpu;

/// <summary>Which row is in which slot, and whether the device has it as it is now.</summary>
/// <remarks>
/// <para>Slots are in sets of eight. Where there is a slot for each row, row i has slot i (<see cref="IsDirect"/>); else a row may stand in the eight of its set.</para>
/// <para>A slot's word: above 0, the LSN of the row that the device has; 0, nothing is there; <see cref="Dirty"/>, the device has something old; any other number below 0, the ticket of what is on its way.</para>
/// <para>Readers take no lock; who changes a set has its lock; slots get other rows only while nobody reads (the table's gate).</para>
/// </remarks>
internal sealed class SlotDirectory
{
    /// <summary>Slots of a set.</summary>
    public const int WayCount = 8;

    /// <summary>The device has something that is not the row any more.</summary>
    public const long Dirty = long.MinValue;

    private const int LockCount = 256;
    private const int DoorHashShift = 16;
    private const byte Idle = 0;
    private const byte Read = 1;

    private readonly Lock[] _locks = [.. Enumerable.Range(0, LockCount).Select(static _ => new Lock())];
    private readonly long[] _words;
    private readonly long[] _ids;
    private readonly byte[] _uses;
    private readonly ushort[] _door;
    private readonly long[] _changes;
    private readonly int _setCount;
    private long _clock;
    private long _ticket;
    private long _validCount;
    private long _unsettledCount;

    /// <param name="slotCount">A multiple of <see cref="WayCount"/>, unless direct.</param>
    /// <param name="isDirect">There is a slot for each row.</param>
    public SlotDirectory(int slotCount, bool isDirect)
    {
        (SlotCount, IsDirect) = (slotCount, isDirect);
        _setCount = (slotCount + WayCount - 1) / WayCount;
        _words = new long[slotCount];
        _changes = new long[_setCount];
        _ids = isDirect ? [] : new long[slotCount];
        _uses = isDirect ? [] : new byte[slotCount];
        _door = isDirect ? [] : new ushort[slotCount];
    }

    /// <summary>Slots.</summary>
    public int SlotCount { get; }

    /// <summary>Row i has slot i.</summary>
    public bool IsDirect { get; }

    /// <summary>Slots that hold their row as it is now.</summary>
    public long ValidCount => Interlocked.Read(ref _validCount);

    /// <summary>Slots whose content on the device is not what their word says in the end: on their way, or dirty.</summary>
    public long UnsettledCount => Interlocked.Read(ref _unsettledCount);

    /// <summary>Memory of the processor that it takes. Unit: bytes.</summary>
    public long ByteCount => ((_words.LongLength + _changes.LongLength + _ids.LongLength) * sizeof(long)) + _uses.LongLength + (_door.LongLength * sizeof(ushort));

    /// <summary>When it is: changes that come later have a higher number.</summary>
    public long Clock => Interlocked.Read(ref _clock);

    /// <summary>The slot of a row that the device has, and its version; -1 when it has not.</summary>
    public int Find(long rowId, out long version)
    {
        int slot = SlotOf(rowId);
        version = slot < 0 ? 0 : Volatile.Read(ref _words[slot]);
        if (version <= 0)
        {
            return -1;
        }

        if (!IsDirect && _uses[slot] == Idle)
        {
            // Only the first use since the last round writes: a line that is read by all should not travel between cores.
            _uses[slot] = Read;
        }

        return slot;
    }

    /// <summary>Notes that a row changed: from here on the device does not have it.</summary>
    /// <returns>The ticket with which the change goes to the device; 0 when the row has no slot.</returns>
    public long Change(long rowId)
    {
        int set = SetOf(rowId);
        lock (LockOf(set))
        {
            // Whoever read the row before may hold what it was.
            _changes[set] = Interlocked.Increment(ref _clock);
            int slot = SlotOf(rowId);
            return slot < 0 ? 0 : Put(slot, -NextTicket());
        }
    }

    /// <summary>Gives up a change that found no place on its way: the device keeps what it has, and nobody reads it.</summary>
    public void Drop(long rowId, long ticket) => Replace(rowId, ticket, Dirty);

    /// <summary>The slot of a change that is still the row's newest; -1 otherwise.</summary>
    public int SlotOfTicket(long rowId, long ticket)
    {
        int slot = SlotOf(rowId);
        return slot >= 0 && Volatile.Read(ref _words[slot]) == ticket ? slot : -1;
    }

    /// <summary>The device has a change now. Nothing happens when there was a newer one meanwhile.</summary>
    /// <param name="rowId">The row.</param>
    /// <param name="ticket">Of the change.</param>
    /// <param name="version">Above 0; 0: the row is gone.</param>
    public void Settle(long rowId, long ticket, long version) => Replace(rowId, ticket, version);

    /// <summary>True when a row should come in: its slot is empty, or free, or it was asked for before.</summary>
    public bool Wants(long rowId)
    {
        if (IsDirect)
        {
            return Volatile.Read(ref _words[rowId]) is 0 or Dirty;
        }

        int set = SetOf(rowId);
        lock (LockOf(set))
        {
            int slot = SlotOf(rowId);
            return slot >= 0 ? _words[slot] is 0 or Dirty : FreeWay(set) >= 0 || IsSecondMiss(set, rowId);
        }
    }

    /// <summary>Finds a slot for a row that was read from below. Only while nobody reads, unless direct.</summary>
    /// <param name="rowId">The row.</param>
    /// <param name="clock">When it was looked for here, before it was read.</param>
    /// <param name="ticket">With which it goes to the device.</param>
    /// <returns>The slot; -1: it changed since, is here already, or nobody makes room.</returns>
    public int Admit(long rowId, long clock, out long ticket)
    {
        ticket = 0;
        int set = SetOf(rowId);
        lock (LockOf(set))
        {
            int slot = SlotOf(rowId);
            if (_changes[set] > clock || (slot >= 0 && _words[slot] is not (0 or Dirty)) || (slot < 0 && (slot = FreeWay(set)) < 0 && (slot = Victim(set, rowId)) < 0))
            {
                return -1;
            }

            if (!IsDirect)
            {
                _ids[slot] = rowId;
                _uses[slot] = Idle;
            }

            ticket = Put(slot, -NextTicket());
            return slot;
        }
    }

    /// <summary>Notes that a row has nothing below, so that what the device has of it is to be cleared.</summary>
    /// <returns>The ticket; 0: there is nothing to clear, or it changed since.</returns>
    public long Clear(long rowId, long clock)
    {
        int set = SetOf(rowId);
        lock (LockOf(set))
        {
            int slot = SlotOf(rowId);
            return slot >= 0 && _words[slot] == Dirty && _changes[set] <= clock ? Put(slot, -NextTicket()) : 0;
        }
    }

    /// <summary>Notes that rows may have changed, and that nobody will say how.</summary>
    public void Forget(Predicate<long> isMeant)
    {
        for (int set = 0; set < _setCount; set++)
        {
            lock (LockOf(set))
            {
                _changes[set] = Interlocked.Increment(ref _clock);
                for (int slot = set * WayCount; slot < Math.Min((set + 1) * WayCount, SlotCount); slot++)
                {
                    if (_words[slot] != 0 && isMeant(IsDirect ? slot : _ids[slot]))
                    {
                        Put(slot, Dirty);
                    }
                }
            }
        }
    }

    /// <summary>Copies the ids of slots that are empty or dirty, for a direct directory: rows that may be missing here.</summary>
    /// <param name="from">First slot to look at.</param>
    /// <param name="rowIds">Filled from its beginning.</param>
    /// <param name="next">Where to go on.</param>
    /// <returns>How many.</returns>
    public int ListEmpty(int from, Span<long> rowIds, out int next)
    {
        int count = 0;
        for (next = from; next < SlotCount && count < rowIds.Length; next++)
        {
            if (Volatile.Read(ref _words[next]) is 0 or Dirty)
            {
                rowIds[count++] = next;
            }
        }

        return count;
    }

    private static uint HashOf(long rowId) => (uint)(unchecked((ulong)rowId * 0x9E37_79B9_7F4A_7C15) >> 32);

    private Lock LockOf(int set) => _locks[set % LockCount];

    private int SetOf(long rowId) => IsDirect ? (int)(rowId / WayCount) : (int)(((ulong)HashOf(rowId) * (uint)_setCount) >> 32);

    /// <summary>The row's slot, whatever is in it; -1 when it has none.</summary>
    private int SlotOf(long rowId)
    {
        if (IsDirect)
        {
            return (int)rowId;
        }

        int first = SetOf(rowId) * WayCount;
        int way = _ids.AsSpan(first, WayCount).IndexOf(rowId);

        // Ids of slots that nothing was ever put in are 0 as well.
        return way < 0 || (rowId == 0 && Volatile.Read(ref _words[first + way]) == 0) ? -1 : first + way;
    }

    private long NextTicket() => Interlocked.Increment(ref _ticket);

    private long Put(int slot, long word)
    {
        Count(Interlocked.Exchange(ref _words[slot], word), word);
        return word;
    }

    private void Replace(long rowId, long from, long to)
    {
        int slot = SlotOf(rowId);
        if (slot >= 0 && Interlocked.CompareExchange(ref _words[slot], to, from) == from)
        {
            Count(from, to);
        }
    }

    private void Count(long before, long after)
    {
        int valid = (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
        int unsettled = (after < 0 ? 1 : 0) - (before < 0 ? 1 : 0);
        if (valid != 0)
        {
            Interlocked.Add(ref _validCount, valid);
        }

        if (unsettled != 0)
        {
            Interlocked.Add(ref _unsettledCount, unsettled);
        }
    }

    private int FreeWay(int set)
    {
        int way = _words.AsSpan(set * WayCount, WayCount).IndexOf(0);
        return way < 0 ? -1 : (set * WayCount) + way;
    }

    /// <summary>The first way of a round that was not read since the last (CLOCK), and is not on its way; -1 when all are.</summary>
    private int Victim(int set, long rowId)
    {
        int first = (int)(HashOf(rowId) >> DoorHashShift) % WayCount;
        for (int step = 0; step < 2 * WayCount; step++)
        {
            int slot = (set * WayCount) + ((first + step) % WayCount);
            if (_words[slot] < 0 && _words[slot] != Dirty)
            {
                continue;
            }

            if (_uses[slot] == Idle)
            {
                return slot;
            }

            _uses[slot] = Idle;
        }

        return -1;
    }

    /// <summary>Whether the row was missed among the last of its set. Notes that it is now.</summary>
    private bool IsSecondMiss(int set, long rowId)
    {
        // Above 0, which is no hash: an empty place. The set's number comes from the high bits.
        ushort hash = (ushort)((unchecked((ulong)rowId * 0x9E37_79B9_7F4A_7C15) & 0xFFFF) | 1);
        Span<ushort> door = _door.AsSpan(set * WayCount, WayCount);
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
