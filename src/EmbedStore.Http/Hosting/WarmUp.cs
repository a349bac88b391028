using System.Text;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Calls the server's own read path before the first client does, so that this one does not wait for its code to be compiled.</summary>
/// <remarks>The server is ready once it is done; see README. Nothing is written, and no row's use is noted.</remarks>
internal sealed class WarmUp(TableCatalog catalog, DataCalls calls)
{
    /// <summary>Enough that the compiler takes the code for hot (30 calls) and compiles it again, for speed.</summary>
    private const int CallCount = 40;

    /// <summary>Tables differ in little that matters here.</summary>
    private const int TableCountMax = 4;

    private static readonly byte[] JsonBody = Encoding.UTF8.GetBytes("""{"tensors": {"ids": [0]}}""");

    private static readonly byte[] SafetensorsBody = SafetensorsOfOneId();

    /// <summary>True when there is nothing left to do.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Calls it done. In a cluster a row may be anywhere, and its owner not know itself yet.</summary>
    public void Skip() => IsDone = true;

    /// <summary>Reads a row of some tables, in both encodings.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            // A table with a capacity would take the reads for uses of its row.
            foreach (Table table in catalog.Tables.Where(static table => table is { Spec.Capacity: null, Rows.Keyed: false }).Take(TableCountMax))
            {
                for (int call = 0; call < CallCount && !cancellation.IsCancellationRequested; call++)
                {
                    await GatherAsync(table.Name, call % 2 == 0 ? SafetensorsBody : JsonBody, call % 2 == 0 ? WireEncoding.Safetensors : WireEncoding.Json, cancellation);
                }
            }
        }
        finally
        {
            IsDone = true;
        }
    }

    private async Task GatherAsync(string table, byte[] body, WireEncoding encoding, CancellationToken cancellation)
    {
        var context = new DefaultHttpContext { RequestAborted = cancellation };
        context.Request.RouteValues["table"] = table;
        context.Request.Method = HttpMethods.Post;
        context.Request.ContentType = ContentNegotiation.MediaTypeOf(encoding);
        context.Request.ContentLength = body.Length;
        context.Request.Body = new MemoryStream(body);
        context.Response.Body = Stream.Null;
        try
        {
            await calls.GatherAsync(context);
        }
        catch (EmbedStoreException)
        {
            // A table that refuses warms up what refuses.
        }
    }

    private static byte[] SafetensorsOfOneId()
    {
        SafetensorsLayout layout = SafetensorsLayout.Of([new SafetensorsField("ids", ElementType.I64, TensorShape.Of(1))]);
        return [.. layout.Header.Span, .. BitConverter.GetBytes(0L)];
    }
}
