namespace EmbedStore.Shards;

/// <summary>Entries of a write, grouped by row: entries of one row behind each other, in the order in which they came.</summary>
/// <remarks>Buffers are kept from write to write. One thread.</remarks>
internal sealed class EntryOrder
{
    private long[] _ids = [];
    private int[] _entries = [];

    private bool _identity;

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>Groups the entries of <paramref name="rowIds"/>.</summary>
    public void Group(ReadOnlySpan<long> rowIds)
    {
        Count = rowIds.Length;
        _identity = IsAscending(rowIds);
        if (_identity)
        {
            return;
        }

        if (_ids.Length < Count)
        {
            (_ids, _entries) = (new long[Count], new int[Count]);
        }

        rowIds.CopyTo(_ids);
        for (int i = 0; i < Count; i++)
        {
            _entries[i] = i;
        }

        _ids.AsSpan(0, Count).Sort(_entries.AsSpan(0, Count));
        RestoreOrderWithinRows();
    }

    /// <summary>The entry at a place of the grouped order.</summary>
    public int EntryAt(int place) => _identity ? place : _entries[place];

    /// <summary>First place behind the row that begins at <paramref name="place"/>.</summary>
    public int EndOfRow(ReadOnlySpan<long> rowIds, int place)
    {
        long rowId = rowIds[EntryAt(place)];
        do
        {
            place++;
        }
        while (place < Count && rowIds[EntryAt(place)] == rowId);
        return place;
    }

    private static bool IsAscending(ReadOnlySpan<long> rowIds)
    {
        for (int i = 1; i < rowIds.Length; i++)
        {
            if (rowIds[i] < rowIds[i - 1])
            {
                return false;
            }
        }

        return true;
    }

    // The library's sort is not stable, so each row's entries are sorted once more by their place in the request.
    private void RestoreOrderWithinRows()
    {
        for (int start = 0; start < Count;)
        {
            int end = start + 1;
            while (end < Count && _ids[end] == _ids[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                _entries.AsSpan(start, end - start).Sort();
            }

            start = end;
        }
    }
}
