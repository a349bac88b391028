using System.Text;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Calls the server's own data path before the first client does, so that this one does not wait for its code to be compiled.</summary>
/// <remarks>The server is ready once it is done; see README. No row of a table is written, and no row's use is noted. In a cluster rows come from their owners, as those of clients do, and a shard is opened for practice.</remarks>
internal sealed partial class WarmUp(TableCatalog catalog, DataCalls calls, StorageOptions storage, ILogger<WarmUp> logger)
{
    /// <summary>In a cluster a row's owner may not know itself yet, and nobody is to wait for it before this server is ready.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(5);

    /// <summary>Enough that the compiler takes the code for hot (30 calls) and compiles it again, for speed.</summary>
    private const int CallCount = 40;

    /// <summary>Tables differ in little that matters here.</summary>
    private const int TableCountMax = 4;

    private static readonly byte[] JsonBody = Encoding.UTF8.GetBytes("""{"tensors": {"ids": [0]}}""");

    private static readonly byte[] NoRowsBody = Encoding.UTF8.GetBytes("""{"tensors": {"ids": {"dtype": "I64", "shape": [0], "data": []}, "values": {"dtype": "F32", "shape": [1], "data": [0]}}}""");

    private static readonly byte[] SafetensorsBody = SafetensorsOfOneId();

    /// <summary>True when there is nothing left to do.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Reads a row of some tables, and writes none, in both encodings.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        end.CancelAfter(TimeMax);
        try
        {
            await RehearseAsync(end.Token);

            // A table with a capacity would take the reads for uses of its row.
            foreach (Table table in catalog.Tables.Where(static table => table is { Spec.Capacity: null, Rows.Keyed: false }).Take(TableCountMax))
            {
                for (int call = 0; call < CallCount && !end.IsCancellationRequested; call++)
                {
                    await CallAsync(table.Name, call % 2 == 0 ? SafetensorsBody : JsonBody, call % 2 == 0 ? WireEncoding.Safetensors : WireEncoding.Json, calls.GatherAsync, end.Token);
                    await CallAsync(table.Name, NoRowsBody, WireEncoding.Json, calls.PutAsync, end.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // It was long enough.
        }
        finally
        {
            IsDone = true;
        }
    }

    private async Task RehearseAsync(CancellationToken cancellation)
    {
        try
        {
            await (storage.IsShared ? ShardRehearsal.RunAsync(storage, cancellation) : Task.CompletedTask);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNotRehearsed(failure);
        }
    }

    private static async Task CallAsync(string table, byte[] body, WireEncoding encoding, Func<HttpContext, Task> call, CancellationToken cancellation)
    {
        var context = new DefaultHttpContext { RequestAborted = cancellation };
        context.Request.RouteValues["table"] = table;
        context.Request.Method = HttpMethods.Post;
        context.Request.ContentType = ContentNegotiation.MediaTypeOf(encoding);
        context.Request.ContentLength = body.Length;
        context.Request.Headers[Headers.MaxStaleness] = "0";
        context.Request.Body = new MemoryStream(body);
        context.Response.Body = Stream.Null;
        try
        {
            await call(context);
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

    [LoggerMessage(EmbedStoreTelemetry.Events.NotRehearsed, LogLevel.Warning, "No shard could be opened for practice; the first that comes here takes longer")]
    private partial void LogNotRehearsed(Exception failure);
}
