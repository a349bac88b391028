namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Reads rows as they are stored: row <c>rowIds[i]</c> goes to slot <c>slots[i]</c> of <paramref name="destination"/>.</summary>
    /// <param name="rowIds">Shape [n]. Repeats are fine.</param>
    /// <param name="slots">Shape [n], each in [0, statuses.Length); empty: slot i.</param>
    /// <param name="destination">Shape [slots, <see cref="RowFormat.DataByteCount"/>]. The slot of a missing row is left as it is.</param>
    /// <param name="statuses">By slot. Its length is the number of slots.</param>
    /// <param name="versions">By slot, or empty: the version of each row's last change; 0 for a row that was never written.</param>
    /// <param name="firstTick">Of <see cref="UseClock"/>: the row in slot i is used at <c>firstTick + i</c>, if it is found. 0: reading is no use.</param>
    /// <returns>How many of the reads did not find their row.</returns>
    /// <exception cref="ArgumentException">A shape does not fit or a slot is out of range; nothing was written.</exception>
    /// <exception cref="ShardDamagedException">Scratch gave back something else than was put there. Opening the shard again rebuilds it from the log.</exception>
    /// <exception cref="ObjectDisposedException">The shard is closed.</exception>
    /// <remarks>Waits for the disk when rows are not in memory, never for a writer. Each row is whole: as it was before some write, or after it.</remarks>
    public int Read(
        ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions, long firstTick = 0)
    {
        CheckShapes(rowIds.Length, slots, destination.Length, statuses.Length, versions.Length);
        ObjectDisposedException.ThrowIf(!_readGate.TryEnter(), this);
        try
        {
            int missing = _rows.Read(rowIds, slots, Rules, destination, statuses, versions);
            if (missing > 0)
            {
                MarkCandidates(rowIds, slots, statuses.Span);
            }

            CountUses(rowIds, slots, statuses.Span, firstTick);
            return missing;
        }
        finally
        {
            _readGate.Leave();
        }
    }

    private ReadRules Rules => new(
        _format.TimeToLiveMilliseconds is null ? long.MinValue : _state.Vocabulary.ExpiredBefore(_options.Time.GetUtcNow().ToUnixTimeMilliseconds()), _state.Vocabulary.Gone.ForgottenTo);

    /// <summary>Of an id that was updated and got no row this is the last thing that is known, whatever happened to it before.</summary>
    private void MarkCandidates(ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, Span<RowStatus> statuses)
    {
        if (_state.Vocabulary.Admission is not { } admission)
        {
            return;
        }

        for (int i = 0; i < rowIds.Length; i++)
        {
            ref RowStatus status = ref statuses[slots.IsEmpty ? i : slots[i]];
            if (status != RowStatus.Found && admission.IsCandidate(rowIds[i]))
            {
                status = RowStatus.NotAdmitted;
            }
        }
    }

    private void CountUses(ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, ReadOnlySpan<RowStatus> statuses, long firstTick)
    {
        if (firstTick <= 0 || _state.Vocabulary.Uses is not { } uses)
        {
            return;
        }

        for (int i = 0; i < rowIds.Length; i++)
        {
            int slot = slots.IsEmpty ? i : slots[i];
            if (statuses[slot] == RowStatus.Found)
            {
                uses.Read(rowIds[i], firstTick + slot);
            }
        }
    }

    /// <summary>Ids of all live rows, in no order. Rows that exist throughout the scan come once each; of rows made or erased meanwhile, some.</summary>
    /// <exception cref="ObjectDisposedException">The shard is closed; a scan that is under way keeps it from closing.</exception>
    /// <remarks>Writes go on. Slow: one lookup a row.</remarks>
    public IEnumerable<long> RowIds()
    {
        ObjectDisposedException.ThrowIf(!_readGate.TryEnter(), this);
        try
        {
            foreach (long rowId in _rows.RowIds(Version, Rules.ExpiredBefore, expired: false))
            {
                yield return rowId;
            }
        }
        finally
        {
            _readGate.Leave();
        }
    }

    /// <summary>The rows that should make room first. Looks at every row that is live.</summary>
    /// <param name="count">How many at the most. At least 1.</param>
    /// <param name="policy">What decides.</param>
    /// <param name="protectedFrom">Rows used with this tick or a later one go last.</param>
    /// <exception cref="InvalidOperationException">The shard does not count uses: see <see cref="ShardOptions.Uses"/>.</exception>
    public IReadOnlyCollection<EvictionCandidate> Coldest(int count, EvictionPolicy policy, long protectedFrom) =>
        _state.Vocabulary.Uses?.Coldest(count, policy, protectedFrom) ?? throw new InvalidOperationException("The shard does not count the uses of rows.");

    private void CheckShapes(int rowCount, ReadOnlySpan<int> slots, int byteCount, int slotCount, int versionCount)
    {
        if (byteCount < (long)slotCount * _format.DataByteCount || (versionCount != 0 && versionCount < slotCount))
        {
            throw new ArgumentException($"{slotCount} slots of {_format.DataByteCount} bytes do not fit into {byteCount} bytes and {versionCount} versions.");
        }

        if (slots.IsEmpty ? rowCount > slotCount : slots.Length != rowCount)
        {
            throw new ArgumentException($"{rowCount} row ids but {(slots.IsEmpty ? slotCount : slots.Length)} slots.");
        }

        foreach (int slot in slots)
        {
            if (slot < 0 || slot >= slotCount)
            {
                throw new ArgumentException($"Slot {slot} is outside [0, {slotCount}).");
            }
        }
    }
}
