namespace EmbedStore.Load;

/// <summary>A benchmark can measure the wrong thing for years: before anything is timed, all peers must answer with the same bytes.</summary>
internal static class SameBytes
{
    /// <summary>Has each peer read each batch, and compares with the rows it was filled with.</summary>
    /// <exception cref="WrongAnswerException">One differs.</exception>
    public static void Require(RowSet rows, IEnumerable<IdBatch> batches, params IEnumerable<IPeer> peers)
    {
        foreach (IdBatch batch in batches)
        {
            byte[] expected = rows.RowsOf(batch);
            byte[] actual = new byte[expected.Length];
            foreach (IPeer peer in peers)
            {
                // What the peer before wrote must not pass for this one's answer.
                actual.AsSpan().Fill(0xFF);
                peer.Read(batch, actual);
                Require(peer.Name, expected, actual);
            }
        }
    }

    /// <exception cref="WrongAnswerException">They differ.</exception>
    public static void Require(string who, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        int common = expected.CommonPrefixLength(actual);
        if (common < expected.Length || common < actual.Length)
        {
            throw new WrongAnswerException($"{who}: byte {common} of {actual.Length} differs from what was written; {expected.Length} bytes were expected.");
        }
    }
}

/// <summary>A peer answered with something else than the rows that were written to it, or not at all.</summary>
internal sealed class WrongAnswerException(string message) : Exception(message);
