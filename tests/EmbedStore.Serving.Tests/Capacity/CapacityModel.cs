using EmbedStore.Shards;

namespace EmbedStore.Serving.Tests.Capacity;

/// <summary>Least recently and least frequently used, in the plainest way: every mention of a row is a use, one after the other.</summary>
internal sealed class CapacityModel(int rowCountMax, bool byFrequency)
{
    private readonly Dictionary<long, (int Count, long Tick)> _rows = [];
    private readonly Dictionary<long, RowStatus> _gone = [];
    private long _tick;

    public int RowCount => _rows.Count;

    public RowStatus StatusOf(long id) => _rows.ContainsKey(id) ? RowStatus.Found : _gone.GetValueOrDefault(id, RowStatus.NeverWritten);

    public void Read(IEnumerable<long> ids)
    {
        foreach (long id in ids)
        {
            _tick++;
            if (_rows.ContainsKey(id))
            {
                Use(id);
            }
        }
    }

    public void Write(IEnumerable<long> ids)
    {
        long began = _tick + 1;
        foreach (long id in ids)
        {
            _tick++;
            Use(id);
        }

        while (_rows.Count > rowCountMax)
        {
            Remove(_rows.MinBy(row => row.Value.Tick >= began ? (1, 0, row.Value.Tick) : (0, byFrequency ? row.Value.Count : 0, row.Value.Tick)).Key, RowStatus.Evicted);
        }
    }

    public void Erase(IEnumerable<long> ids)
    {
        foreach (long id in ids)
        {
            Remove(id, RowStatus.Erased);
        }
    }

    private void Remove(long id, RowStatus status)
    {
        if (_rows.Remove(id))
        {
            _gone[id] = status;
        }
    }

    private void Use(long id) => _rows[id] = (_rows.GetValueOrDefault(id).Count + 1, _tick);
}
