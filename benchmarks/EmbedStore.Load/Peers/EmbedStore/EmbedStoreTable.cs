using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>A table of a server: created, filled, and the paths of its calls.</summary>
internal sealed record EmbedStoreTable(EmbedStoreServer Server, string Name)
{
    private const int RunRowCount = 4096;

    /// <summary>Creates a table and imports all rows.</summary>
    /// <param name="more">Further fields of its spec, each with a comma before it.</param>
    public static EmbedStoreTable Load(EmbedStoreServer server, string name, RowSet rows, string more = "")
    {
        var table = new EmbedStoreTable(server, name);
        server.Call(HttpMethod.Put, $"/v1/tables/{name}", $$"""{"shape": [{{rows.RowCount}}, {{rows.Width}}], "dtype": "{{rows.Type.WireName()}}"{{more}}}""");
        byte[] header = NpyHeader.Write(rows.Type, TensorShape.Of(rows.RowCount, rows.Width));
        using var connection = new HttpConnection(server.Port);
        int length = connection.SendRuns(table.Path("import?format=npy"), "application/x-npy", header.Length + rows.PayloadByteCount, send =>
        {
            send(header);
            rows.ForEachRun(RunRowCount, (_, run) => send(run));
        });
        connection.ReadExactly(new byte[length]);
        return table;
    }

    /// <summary>Path and query of a call.</summary>
    public string Path(string call) => $"/v1/tables/{Name}/{call}";
}
