using System.Buffers;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Reads rows by their keys: the row of the key of slot <c>slots[i]</c> goes to that slot of <paramref name="destination"/>. Otherwise as the read by ids.</summary>
    /// <param name="askedIds">Shape [n]: the ids that the keys ask for. See <see cref="KeyHash"/>.</param>
    /// <param name="keys">By slot.</param>
    /// <param name="slots">Shape [n], each in [0, statuses.Length); empty: slot i.</param>
    /// <param name="destination">Shape [slots, <see cref="RowFormat.DataByteCount"/>]. The slot of a missing row is left as it is.</param>
    /// <param name="statuses">By slot. Its length is the number of slots.</param>
    /// <param name="versions">By slot, or empty.</param>
    /// <param name="firstTick">As of the read by ids.</param>
    /// <returns>How many of the reads did not find their row.</returns>
    /// <inheritdoc cref="Read(ReadOnlySpan{long}, ReadOnlySpan{int}, Memory{byte}, Memory{RowStatus}, Memory{long}, long)" path="/exception"/>
    public int ReadByKey(
        ReadOnlySpan<long> askedIds, RowKeys keys, ReadOnlySpan<int> slots, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions, long firstTick = 0)
    {
        ArgumentNullException.ThrowIfNull(keys);
        CheckShapes(askedIds.Length, slots, destination.Length, statuses.Length, versions.Length);
        if (_state.Keys is not { } directory || keys.Count < statuses.Length)
        {
            throw new ArgumentException($"{keys.Count} keys for {statuses.Length} slots of a shard whose rows {(_format.Keyed ? "have" : "have no")} keys.");
        }

        long[] ids = ArrayPool<long>.Shared.Rent(askedIds.Length);
        int[] places = ArrayPool<int>.Shared.Rent(askedIds.Length);
        int known = 0;
        for (int i = 0; i < askedIds.Length; i++)
        {
            int slot = slots.IsEmpty ? i : slots[i];
            if (directory.TryFind(askedIds[i], keys[slot], out ids[known]))
            {
                places[known++] = slot;
                continue;
            }

            // Without a read: the id may come to be another key's meanwhile.
            statuses.Span[slot] = RowStatus.NeverWritten;
            if (!versions.IsEmpty)
            {
                versions.Span[slot] = 0;
            }
        }

        // Also when no key is known: a shard that is closed says so.
        int missing = askedIds.Length - known + Read(ids.AsSpan(0, known), places.AsSpan(0, known), destination, statuses, versions, firstTick);
        ArrayPool<long>.Shared.Return(ids);
        ArrayPool<int>.Shared.Return(places);
        return missing;
    }

    /// <summary>The key of a row that was written at some time; it stays valid.</summary>
    /// <returns>False when no row has this id, or rows have no keys.</returns>
    public bool TryGetKey(long rowId, out ReadOnlyMemory<byte> key)
    {
        key = default;
        return _state.Keys?.TryGetKey(rowId, out key) ?? false;
    }

    /// <summary>Keys of all live rows, in no order; see <see cref="RowIds"/>. They stay valid.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> LiveKeys()
    {
        foreach (long rowId in RowIds())
        {
            if (TryGetKey(rowId, out ReadOnlyMemory<byte> key))
            {
                yield return key;
            }
        }
    }

    /// <summary>Gives each write of the group the ids of its keys; a write with more new keys than there is place for is answered and gone.</summary>
    private void SettleKeys()
    {
        if (_state.Keys is not { } directory)
        {
            return;
        }

        _group.RemoveAll(pending =>
        {
            if (pending.Write.Keys is not { } keys)
            {
                return false;
            }

            var ids = new long[keys.Count];
            bool fits = directory.TryResolve(pending.Write.RowIds.Span, keys, add: pending.Write.Kind != RowWriteKind.Erase, ids);
            pending.RowIds = ids;
            if (!fits)
            {
                pending.Complete(new WriteReceipt(WriteOutcome.TooManyKeys, Version, 0));
            }

            return !fits;
        });
    }
}
