using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace EmbedStore.Http;

/// <summary>Passes a call on to the server that does its kind for all, and its answer back.</summary>
/// <remarks>Request and answer flow through; a call is sent a second time only when it is certain that the first did not arrive.</remarks>
internal sealed class PassOn(RequestDelegate next, IShardOwners owners, PeerHttp peers, IOptions<EmbedStoreOptions> options)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    private static readonly string[] OfConnection = ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Host", "Expect", "Proxy-Connection", "TE", "Trailer", "Authorization", PeerDoor.KeyHeader, PeerDoor.GrantHeader];

    public async Task InvokeAsync(HttpContext context)
    {
        if (PeerDoor.WasPassedOn(context) || Homes.Of(context.Request) is not { } home)
        {
            await next(context);
            return;
        }

        long deadline = Environment.TickCount64 + (long)options.Value.Cluster.MoveWait.TotalMilliseconds;
        while (!await TryAsync(context, home))
        {
            if (Environment.TickCount64 >= deadline)
            {
                throw Unavailable("no server does it at the moment");
            }

            await Task.Delay(RetryInterval, context.RequestAborted);
        }
    }

    /// <returns>False: nothing was done, and it is worth another try.</returns>
    private async Task<bool> TryAsync(HttpContext context, string home)
    {
        PeerServer? server = null;
        try
        {
            server = await owners.FindHomeAsync(home, context.RequestAborted);
            if (server.IsHere)
            {
                await next(context);
                return true;
            }

            using HttpRequestMessage request = RequestOf(context.Request, server);
            if (context.Features.Get<Grant>() is { } grant)
            {
                request.Headers.Add(PeerDoor.GrantHeader, grant.ToText());
            }

            using HttpResponseMessage answer = await peers.SendAsync(server, request, context.RequestAborted);
            await AnswerAsync(context.Response, answer, context.RequestAborted);
            return true;
        }
        catch (OwnerUnknownException)
        {
            return false;
        }
        catch (PeerUnreachableException failure)
        {
            owners.ForgetHome(home, server!);
            return failure.MayHaveArrived ? throw Unavailable($"{failure.Message}; whether the call was done is not known") : false;
        }
    }

    private static HttpRequestMessage RequestOf(HttpRequest request, PeerServer server)
    {
        var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(server.Address, request.Path.ToUriComponent() + request.QueryString.ToUriComponent()))
        {
            Content = HttpMethods.IsDelete(request.Method) ? null : new StreamContent(request.Body),
        };
        foreach ((string name, StringValues values) in request.Headers)
        {
            if (!OfConnection.Contains(name, StringComparer.OrdinalIgnoreCase) && !message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return message;
    }

    private static async Task AnswerAsync(HttpResponse response, HttpResponseMessage answer, CancellationToken cancellation)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!OfConnection.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                response.Headers[name] = values.ToArray();
            }
        }

        await answer.Content.CopyToAsync(response.Body, cancellation);
    }

    private static EmbedStoreException Unavailable(string reason) =>
        new(ErrorCode.ShardUnavailable, $"The server that does this for all cannot be reached: {reason}.", new Fact("shard", null));
}
