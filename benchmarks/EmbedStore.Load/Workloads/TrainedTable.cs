using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>The table that is trained, and the step that is taken on it.</summary>
internal static class TrainedTable
{
    /// <summary>A power of two, so that the first step of a row is exact.</summary>
    private const float Rate = 1f / 16;

    private const float Gradient = 0.5f;

    /// <summary>Creates and fills it, and checks one step.</summary>
    /// <exception cref="WrongAnswerException">The step is not that of rowwise Adagrad.</exception>
    public static EmbedStoreTable Load(EmbedStoreServer server, RowSet rows)
    {
        EmbedStoreTable table = EmbedStoreTable.Load(server, "trained", rows, $$""", "optimizer": {"kind": "rowwise_adagrad", "lr": {{Rate}}, "eps": 1e-8}""");
        IdBatch batch = First(Math.Min(Shapes.TrainedRowCount, (int)rows.RowCount));
        byte[] expected = rows.RowsOf(batch);

        // The mean of squares is Gradient², its root Gradient, and ε vanishes beside it in binary32: each element moves by just the rate.
        foreach (ref float element in MemoryMarshal.Cast<byte, float>(expected.AsSpan()))
        {
            element -= Rate;
        }

        using var connection = new HttpConnection(server.Port);
        Send(connection, Step(table, batch, rows));
        using var reader = new EmbedStorePeer(table);
        byte[] actual = new byte[expected.Length];
        reader.Read(batch, actual);
        SameBytes.Require("apply", expected, actual);
        return table;
    }

    /// <summary>An <c>apply</c> of one gradient on all rows of a batch.</summary>
    public static HttpRequest Step(EmbedStoreTable table, IdBatch batch, RowSet rows)
    {
        byte[] gradients = new byte[batch.Count * rows.RowByteCount];
        MemoryMarshal.Cast<byte, float>(gradients.AsSpan()).Fill(Gradient);
        return SafetensorsRequest.OfRows(table.Path("apply"), batch, "gradients", gradients);
    }

    /// <summary>Sends a write and reads its acknowledgement.</summary>
    public static void Send(HttpConnection connection, HttpRequest request) => connection.ReadExactly(new byte[connection.Send(request)]);

    private static IdBatch First(int count)
    {
        long[] ids = [.. Enumerable.Range(0, count).Select(static id => (long)id)];
        return new IdBatch(0, count, 1, MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
    }
}
