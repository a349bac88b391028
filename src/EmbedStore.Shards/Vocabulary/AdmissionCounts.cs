namespace EmbedStore.Shards;

/// <summary>Updates of ids that have no row yet: an id gets its row with the n-th.</summary>
/// <remarks>
/// <para>An update is one record that names the id, however often. Erasing and evicting begin again with 0.</para>
/// <para>When there are too many candidates the half whose last update is longest ago is forgotten. That stands in the log as a record of its own
/// (<see cref="RowWriteKind.ForgetCounts"/>), for a replay over newer rows counts fewer of them.</para>
/// <para>One thread counts; any number ask.</para>
/// </remarks>
/// <param name="minCount">Updates that it takes. At least 2.</param>
/// <param name="candidateCountMax">See <see cref="ShardOptions.CandidateCountMax"/>.</param>
internal sealed class AdmissionCounts(int minCount, int candidateCountMax)
{
    private readonly IdTable _candidates = new();

    /// <summary>Ids that are counted.</summary>
    public int CandidateCount => _candidates.Count;

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => _candidates.ByteCount;

    /// <summary>Counts an update of an id without a row.</summary>
    /// <returns>True when the id gets its row now; it is no candidate any more.</returns>
    public bool Admits(long rowId, long lsn)
    {
        if (_candidates.Add(rowId, lsn, 1) < minCount)
        {
            return false;
        }

        _candidates.Remove(rowId);
        return true;
    }

    /// <summary>Whether an id was updated and has no row yet. Any thread.</summary>
    public bool IsCandidate(long rowId) => _candidates.Find(rowId) is not null;

    /// <summary>Begins again with 0.</summary>
    public void Drop(long rowId) => _candidates.Remove(rowId);

    /// <summary>Forgets the candidates that were not updated after this record.</summary>
    public void ForgetTo(long lsn) => _candidates.RemoveTo(lsn);

    /// <summary>The record to forget to because there are too many candidates; null when there are not.</summary>
    public long? DueBound()
    {
        if (_candidates.Count <= candidateCountMax)
        {
            return null;
        }

        long[] lsns = [.. _candidates.All().Select(static candidate => candidate.Mark)];
        Array.Sort(lsns);
        long bound = lsns[lsns.Length / 2];

        // Never the newest: one request with too many new ids would else be forgotten whole before its repeat, each time.
        return bound < lsns[^1] ? bound : NewestBelow(lsns, lsns[^1]);
    }

    private static long? NewestBelow(long[] sorted, long lsn)
    {
        int first = Array.FindIndex(sorted, other => other == lsn);
        return first > 0 ? sorted[first - 1] : null;
    }

    /// <summary>Every candidate: id, LSN of its last update, updates.</summary>
    public IEnumerable<(long Id, long Lsn, int Count)> All() => _candidates.All();

    /// <summary>Puts back what <see cref="All"/> gave.</summary>
    public void Restore(long id, long lsn, int count) => _candidates.Add(id, lsn, count);
}
