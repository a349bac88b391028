namespace EmbedStore.Shards;

/// <summary>How far back it is known why a row is gone: every such row takes a header in the row store.</summary>
/// <remarks>
/// Two generations of equal size: when the younger one is full the older is forgotten, by a record of its own (<see cref="RowWriteKind.ForgetGone"/>). Rows that
/// came back meanwhile count too, so at least the youngest half of the limit is always known. One thread changes it.
/// </remarks>
/// <param name="rowCountMax">See <see cref="ShardOptions.GoneRowCountMax"/>.</param>
internal sealed class GoneRows(long rowCountMax)
{
    private long _forgottenTo;
    private long _olderEnd;
    private long _olderCount;
    private long _youngerCount;

    /// <summary>Rows that went with this LSN or before read as never written. Any thread.</summary>
    public long ForgottenTo => Volatile.Read(ref _forgottenTo);

    /// <summary>Rows that are remembered, at the most.</summary>
    public long RememberedCount => _olderCount + _youngerCount;

    /// <summary>Notes rows that a record made missing.</summary>
    public void Add(long rowCount) => _youngerCount += rowCount;

    /// <summary>The record to forget to because there are too many; null when there are not. Call once for each record that is written then.</summary>
    /// <param name="lastLsn">Of the newest record.</param>
    public long? DueBound(long lastLsn)
    {
        if (_youngerCount <= rowCountMax / 2)
        {
            return null;
        }

        (long bound, _olderEnd, _olderCount, _youngerCount) = (_olderEnd, lastLsn, _youngerCount, 0);
        return bound > 0 ? bound : null;
    }

    /// <summary>Forgets why rows are gone that went with this LSN or before.</summary>
    public void ForgetTo(long lsn) => Volatile.Write(ref _forgottenTo, Math.Max(_forgottenTo, lsn));
}
