using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>Whole tables out, rows in, run by run. Held whole are only the ids or keys of an open vocabulary, and an npy file that must be brought into order.</summary>
internal sealed class TransferCalls(TableCatalog catalog, LookupPipeline lookups, TableImporter importer, DataFolder folder, IOptions<EmbedStoreOptions> options)
{
    /// <summary>A table of a fixed number of rows as <c>rows</c> of its own shape; an open one as <c>ids</c>, or <c>keys</c>, and <c>rows</c>.</summary>
    public async Task ExportAsync(HttpContext context)
    {
        var parameters = new RequestParameters(context.Request.Query);
        parameters.RequireKnown("format", "dtype");
        WireEncoding encoding = FormatOf(parameters) switch
        {
            "npy" => WireEncoding.Npy,
            "safetensors" => WireEncoding.Safetensors,
            string other => throw RequestParameters.Invalid("format", $"is npy or safetensors; was '{other}'"),
        };
        ElementType? type = parameters.Type("dtype");
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        if (lease.Table.Shape.IsOpen && encoding == WireEncoding.Npy)
        {
            throw new EmbedStoreException(
                ErrorCode.OpenDimension,
                "An npy file has no place for row ids; export an open vocabulary as safetensors.",
                new Fact("expected", "format=safetensors"),
                new Fact("actual", "format=npy"));
        }

        // Before the rows are listed: all that are sent are at least as new.
        long version = lease.Table.Version;
        TableExport export = await lookups.ExportAsync(lease.Table, type, context.RequestAborted);
        Headers.SetVersion(context, version);
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{lease.Table.Name}.{FormatOf(parameters)}\"";
        var rows = new ExportTensor("rows", export);
        IReadOnlyList<AnswerTensor> tensors = export.HasKeys ? [rows, new ExportKeysTensor("keys", export)]
            : export.RowIds is { } ids ? [rows, new MemoryTensor("ids", ids)]
            : [rows];
        await AnswerWriter.WriteAsync(context, encoding, tensors);
    }

    /// <summary>Rows from a body of any length. It is checked whole before the first row is written.</summary>
    public async Task ImportAsync(HttpContext context)
    {
        Headers.RefuseWriter(context.Request);
        long limit = options.Value.Limits.ImportBytes;
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = limit + BodyLimit.DrainByteCountMax;
        if (context.Request.ContentLength > limit)
        {
            throw BodyLimit.Exceeded(limit, context.Request.ContentLength);
        }

        var parameters = new RequestParameters(context.Request.Query);
        parameters.RequireKnown("format");
        ImportFormat format = parameters.Choice<ImportFormat>("format") ?? throw RequestParameters.Invalid("format", "is npy, safetensors or text, and is needed");
        using TableLease lease = catalog.Lease(DataCalls.TableOf(context));
        await using FileStream spool = await SpoolAsync(context);
        UpdateAnswer answer = await importer.ImportAsync(lease.Table, format, spool.SafeFileHandle, CancellationToken.None);
        Headers.SetVersion(context, answer.Version);
        await JsonAnswer.WriteAsync(context, new System.Text.Json.Nodes.JsonObject { ["imported"] = answer.RowCount, ["version"] = answer.Version });
    }

    private static string FormatOf(RequestParameters parameters) => parameters.Text("format", "safetensors");

    /// <summary>The body as a nameless file in the data folder, gone with its handle.</summary>
    private async Task<FileStream> SpoolAsync(HttpContext context)
    {
        RequireRoom(context.Request.ContentLength ?? 0);
        string path = Path.Combine(folder.Path, $"import-{Guid.NewGuid():N}.tmp");
        var spool = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            BufferSize = 0,
        });
        try
        {
            await RequestBody.CopyToAsync(context.Request, spool, options.Value.Limits.ImportBytes);
            return spool;
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            await spool.DisposeAsync();
            throw Full();
        }
        catch
        {
            await spool.DisposeAsync();
            throw;
        }
    }

    private void RequireRoom(long byteCount)
    {
        if (PhysicalDisk.Instance.FreeByteCount(folder.Path) - byteCount < options.Value.RowStore.ReserveBytes)
        {
            throw Full();
        }
    }

    private static EmbedStoreException Full() => new(ErrorCode.StorageFull, "The disk has no room for the import.", new Fact("shard", null));
}
