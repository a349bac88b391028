using System.Security.Cryptography;
using System.Text;
using EmbedStore.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace EmbedStore.Http;

/// <summary>What comes in by the door for other servers: calls about shards are answered here, calls that another server passes on go their way.</summary>
/// <remarks>By any other door these calls do not exist.</remarks>
internal sealed class PeerDoor(RequestDelegate next, ClusterPlace place, PeerShards shards)
{
    /// <summary>First part of the path of a call about a shard.</summary>
    public const string Path = "/peer";

    /// <summary>Bears the cluster's secret.</summary>
    public const string KeyHeader = "Embedstore-Peer-Key";

    /// <summary>Bears what a client's key allows, of a call that names its tables in its body: the server that checked the key has not read it.</summary>
    public const string GrantHeader = "Embedstore-Peer-Grant";

    private static readonly object Passed = new();

    private readonly byte[] _key = Encoding.UTF8.GetBytes(place.PeerKey);

    /// <summary>True for a call that another server passed on: it is done here.</summary>
    public static bool WasPassedOn(HttpContext context) => context.Items.ContainsKey(Passed);

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Connection.LocalPort != place.PeerPort)
        {
            await next(context);
            return;
        }

        Grant? grant = null;
        if (!IsPeer(context.Request) || (context.Request.Headers.TryGetValue(GrantHeader, out StringValues text) && !Grant.TryParse(text, out grant)))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.ContentLength = 0;
            return;
        }

        if (!context.Request.Path.StartsWithSegments(Path, out PathString rest))
        {
            context.Items[Passed] = Passed;
            grant?.GiveTo(context);
            await next(context);
            return;
        }

        await AnswerAsync(context, rest.Value!.Split('/'));
    }

    private async Task AnswerAsync(HttpContext context, string[] parts)
    {
        if (parts is not ["", { } kind, { } table, { } generation, { } shard] || !Enum.TryParse(kind, out PeerCall call))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentLength = 0;
            return;
        }

        // A part of a request may be larger than what a client may send: it names shards and versions.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        (byte[]? rented, int length) = await RequestBody.ReadAsync(context.Request, Array.MaxLength);
        try
        {
            using PeerBuffer answer = await shards.AnswerAsync(call, ShardKey.Parse($"{table}/{generation}/{shard}"), rented.AsMemory(0, length), context.RequestAborted);
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer.Memory, context.RequestAborted);
        }
        finally
        {
            if (rented is not null)
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private bool IsPeer(HttpRequest request) =>
        _key.Length == 0 || CryptographicOperations.FixedTimeEquals(_key, Encoding.UTF8.GetBytes(request.Headers[KeyHeader].ToString()));
}
