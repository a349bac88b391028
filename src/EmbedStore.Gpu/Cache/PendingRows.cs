namespace EmbedStore.Gpu;

/// <summary>Rows on their way to the device: collected by whoever has them, taken by the one thread that sends them.</summary>
/// <remarks>Thread-safe. Full, it refuses: the device then does without the row.</remarks>
internal sealed class PendingRows
{
    private const int FirstCapacity = 64;

    private readonly Lock _lock = new();
    private readonly int _dataByteCount;
    private readonly int _rowCountMax;
    private PendingBatch _filling;
    private PendingBatch _spare;

    /// <param name="dataByteCount">Of a row. Unit: bytes.</param>
    /// <param name="byteCountMax">Rows that wait, at most. Unit: bytes.</param>
    public PendingRows(int dataByteCount, int byteCountMax)
    {
        _dataByteCount = dataByteCount;
        _rowCountMax = Math.Max(byteCountMax / dataByteCount, FirstCapacity);
        (_filling, _spare) = (new PendingBatch(dataByteCount), new PendingBatch(dataByteCount));
    }

    /// <summary>Rows that wait.</summary>
    public int Count => Volatile.Read(ref _filling).Count;

    /// <summary>Rows of the kind that nobody waits for that there is room for: half of all is kept for changes.</summary>
    public int AdmissionRoom => Math.Max((_rowCountMax / 2) - Count, 0);

    /// <summary>Adds a row.</summary>
    /// <param name="entry">What it is.</param>
    /// <param name="data">As it is stored; empty: nothing.</param>
    /// <returns>False: there is no room.</returns>
    public bool TryAdd(PendingEntry entry, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (_filling.Count == _rowCountMax)
            {
                return false;
            }

            _filling.Add(entry, data[..Math.Min(data.Length, _dataByteCount)], FirstCapacity);
            return true;
        }
    }

    /// <summary>Takes what waits. One thread; what it took before is overwritten.</summary>
    public PendingBatch Take()
    {
        lock (_lock)
        {
            (_filling, _spare) = (_spare, _filling);
            _filling.Count = 0;
            return _spare;
        }
    }
}

/// <summary>A row on its way.</summary>
/// <param name="RowId">Which.</param>
/// <param name="Version">Of the row; 0: it is gone.</param>
/// <param name="Ticket">Of the change; 0: a row that was read below, and asks for a slot.</param>
/// <param name="Clock">When a row without ticket was looked for.</param>
internal readonly record struct PendingEntry(long RowId, long Version, long Ticket, long Clock);

/// <summary>Rows that were taken together.</summary>
internal sealed class PendingBatch(int dataByteCount)
{
    private PendingEntry[] _entries = [];
    private byte[] _data = [];

    /// <summary>Rows.</summary>
    public int Count { get; set; }

    /// <summary>What they are. A ticket that was got later is put here.</summary>
    public Span<PendingEntry> Entries => _entries.AsSpan(0, Count);

    /// <summary>One row as it is stored; means nothing for a row that is gone.</summary>
    public ReadOnlySpan<byte> Data(int i) => _data.AsSpan(i * dataByteCount, dataByteCount);

    public void Add(PendingEntry entry, ReadOnlySpan<byte> data, int firstCapacity)
    {
        if (Count == _entries.Length)
        {
            int capacity = Math.Max(2 * Count, firstCapacity);
            Array.Resize(ref _entries, capacity);
            Array.Resize(ref _data, capacity * dataByteCount);
        }

        _entries[Count] = entry;
        data.CopyTo(_data.AsSpan(Count * dataByteCount, dataByteCount));
        Count++;
    }
}
