namespace EmbedStore.Recovery.Tests;

/// <summary>What one writer knows of its own rows, which nobody else writes: what was acknowledged, and the one operation that may be on its way.</summary>
/// <remarks>A row counts: assigns set it to a number, accumulates add 1. Not thread-safe; one writer, one ledger.</remarks>
internal sealed class WriterLedger(int rowCount)
{
    private readonly long[] _acknowledged = new long[rowCount];
    private readonly long[] _unacknowledged = new long[rowCount];
    private bool _isOpen;

    public int RowCount => _acknowledged.Length;

    public int AcknowledgedCount { get; private set; }

    /// <summary>Notes an operation before it is sent.</summary>
    /// <returns>For each row what it will hold.</returns>
    public void Begin(ReadOnlySpan<int> rows, long? assigned)
    {
        _acknowledged.CopyTo(_unacknowledged, 0);
        foreach (int row in rows)
        {
            _unacknowledged[row] = assigned ?? (_unacknowledged[row] + 1);
        }

        _isOpen = true;
    }

    public void Acknowledge()
    {
        _unacknowledged.CopyTo(_acknowledged, 0);
        _isOpen = false;
        AcknowledgedCount++;
    }

    /// <summary>Compares with what the server has after a restart, and goes on from there.</summary>
    /// <returns>Null when every acknowledged operation is there once, and each row of the unacknowledged one either as before or as after.</returns>
    /// <remarks>Rows of one operation may differ in that: each shard decides for its part.</remarks>
    public string? Reconcile(ReadOnlySpan<long> found)
    {
        for (int row = 0; row < RowCount; row++)
        {
            bool asAfter = _isOpen && found[row] == _unacknowledged[row];
            if (found[row] != _acknowledged[row] && !asAfter)
            {
                return $"row {row} holds {found[row]}; acknowledged was {_acknowledged[row]}" + (_isOpen ? $", on its way {_unacknowledged[row]}" : "");
            }
        }

        found.CopyTo(_acknowledged);
        _isOpen = false;
        return null;
    }
}
