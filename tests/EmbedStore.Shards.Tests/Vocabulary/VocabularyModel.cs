namespace EmbedStore.Shards.Tests;

/// <summary>What a shard with a time to live and admission does, id by id and in the plainest way.</summary>
internal sealed class VocabularyModel(int timeToLive, int admission)
{
    private readonly Dictionary<long, Entry> _entries = [];

    public long StoredCount => _entries.Values.Count(static entry => entry.Row is not null);

    public RowStatus StatusOf(long id, long now) => !_entries.TryGetValue(id, out Entry? entry) ? RowStatus.NeverWritten
        : entry.Updates > 0 ? RowStatus.NotAdmitted
        : entry.Row is null ? entry.Gone
        : HasExpired(entry, now) ? RowStatus.Expired
        : RowStatus.Found;

    public long VersionOf(long id) => _entries.GetValueOrDefault(id)?.Version ?? 0;

    public float[] RowOf(long id) => _entries[id].Row!;

    /// <returns>Rows that were changed.</returns>
    public long Write(long[] ids, float[] values, bool accumulate, long version, long now)
    {
        var changed = new HashSet<long>();
        foreach (long id in ids.Distinct())
        {
            Entry entry = EntryOf(id);
            if (entry.Row is not null && !HasExpired(entry, now))
            {
                changed.Add(id);
            }
            else if (++entry.Updates >= admission)
            {
                (entry.Row, entry.Updates) = ([7, 7, 7, 7], 0);
                changed.Add(id);
            }
        }

        for (int i = 0; i < ids.Length; i++)
        {
            if (changed.Contains(ids[i]))
            {
                Entry entry = _entries[ids[i]];
                (entry.Version, entry.WrittenAt) = (version, now);
                for (int column = 0; column < entry.Row!.Length; column++)
                {
                    entry.Row[column] = values[(i * entry.Row.Length) + column] + (accumulate ? entry.Row[column] : 0);
                }
            }
        }

        return changed.Count;
    }

    public void Erase(long[] ids, long version, long now) => End(ids, RowStatus.Erased, version, entry => !HasExpired(entry, now));

    public void Evict(long[] ids, long bound, long version) => End(ids, RowStatus.Evicted, version, entry => entry.Version <= bound);

    /// <returns>Rows that were purged.</returns>
    public long Purge(long now, long version)
    {
        List<Entry> expired = [.. _entries.Values.Where(entry => entry is { Row: not null, Updates: 0 } && HasExpired(entry, now))];
        expired.ForEach(entry => (entry.Row, entry.Gone, entry.Version) = (null, RowStatus.Expired, version));
        return expired.Count;
    }

    private void End(long[] ids, RowStatus status, long version, Func<Entry, bool> isMeant)
    {
        foreach (long id in ids)
        {
            Entry entry = EntryOf(id);
            entry.Updates = 0;
            if (entry.Row is not null && isMeant(entry))
            {
                (entry.Row, entry.Gone, entry.Version) = (null, status, version);
            }
        }
    }

    private bool HasExpired(Entry entry, long now) => timeToLive > 0 && now - entry.WrittenAt > timeToLive;

    private Entry EntryOf(long id) => _entries.TryGetValue(id, out Entry? entry) ? entry : _entries[id] = new Entry();

    private sealed class Entry
    {
        public float[]? Row { get; set; }

        public RowStatus Gone { get; set; } = RowStatus.NeverWritten;

        public long Version { get; set; }

        public long WrittenAt { get; set; }

        public int Updates { get; set; }
    }
}
