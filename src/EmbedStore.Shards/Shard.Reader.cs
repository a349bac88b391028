namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Reads rows as they are stored: row <c>rowIds[i]</c> goes to slot <c>slots[i]</c> of <paramref name="destination"/>.</summary>
    /// <param name="rowIds">Shape [n]. Repeats are fine.</param>
    /// <param name="slots">Shape [n], each in [0, statuses.Length); empty: slot i.</param>
    /// <param name="destination">Shape [slots, <see cref="RowFormat.DataByteCount"/>]. The slot of a missing row is left as it is.</param>
    /// <param name="statuses">By slot. Its length is the number of slots.</param>
    /// <param name="versions">By slot, or empty: the version of each row's last change; 0 for a row that was never written.</param>
    /// <returns>How many of the reads did not find their row.</returns>
    /// <exception cref="ArgumentException">A shape does not fit or a slot is out of range; nothing was written.</exception>
    /// <exception cref="ShardDamagedException">Scratch gave back something else than was put there. Opening the shard again rebuilds it from the log.</exception>
    /// <exception cref="ObjectDisposedException">The shard is closed.</exception>
    /// <remarks>Waits for the disk when rows are not in memory, never for a writer. Each row is whole: as it was before some write, or after it.</remarks>
    public int Read(ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions)
    {
        CheckShapes(rowIds.Length, slots, destination.Length, statuses.Length, versions.Length);
        ObjectDisposedException.ThrowIf(!_readGate.TryEnter(), this);
        try
        {
            return _rows.Read(rowIds, slots, destination, statuses, versions);
        }
        finally
        {
            _readGate.Leave();
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
            foreach (long rowId in _rows.LiveRowIds(Version))
            {
                yield return rowId;
            }
        }
        finally
        {
            _readGate.Leave();
        }
    }

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
