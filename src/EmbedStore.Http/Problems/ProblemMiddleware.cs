using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Turns every way a request can fail into one answer: a problem, or a broken connection when the answer had begun.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            await AnswerBareStatusAsync(context);
        }
        catch (EmbedStoreException refusal) when (refusal.Code == ErrorCode.BodyTooLarge || BodyLimit.IsExceededBy(context.Request))
        {
            await AnswerLastAsync(context, Problem.Of(refusal));
            await BodyLimit.DrainAsync(context);
        }
        catch (EmbedStoreException refusal)
        {
            await AnswerAsync(context, Problem.Of(refusal));
        }
        catch (NotAcceptableException refusal)
        {
            await AnswerAsync(context, Problem.Of(refusal.Refusal, status: 406));
        }
        catch (BadHttpRequestException refusal)
        {
            await AnswerLastAsync(context, new Problem(400, ErrorStatus.NameOf(ErrorCode.MalformedBody), refusal.Message, []));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone; there is nobody to answer.
        }
        catch (DiskFullException)
        {
            await AnswerAsync(context, Problem.Of(new EmbedStoreException(ErrorCode.StorageFull, "The disk has no room.", new Fact("shard", null))));
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogFault(context.Request.Method, context.Request.Path, fault);
            await AnswerAsync(context, new Problem(500, "internal", "The server failed; its log says why.", []));
        }
    }

    private static async Task AnswerAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();   // A cut connection says that the answer is not whole: the length was promised, or the JSON has no end.
            return;
        }

        await problem.WriteAsync(context.Response);
    }

    /// <summary>Answers, and says that the connection ends here: a caller that kept it for its next request would lose that one.</summary>
    private static async Task AnswerLastAsync(HttpContext context, Problem problem)
    {
        // HTTP/2 has streams for that.
        if (!context.Response.HasStarted && !HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers.Connection = "close";
                return Task.CompletedTask;
            });
        }

        await AnswerAsync(context, problem);
        await context.Response.CompleteAsync();
    }

    /// <summary>A path or a verb that nothing serves.</summary>
    private static Task AnswerBareStatusAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted || response.ContentLength is not null || response.ContentType is not null)
        {
            return Task.CompletedTask;
        }

        return response.StatusCode switch
        {
            404 => new Problem(404, "unknown_path", $"Nothing is served at {context.Request.Path}.", []).WriteAsync(response),
            405 => MethodNotAllowedAsync(response),
            _ => Task.CompletedTask,
        };
    }

    private static async Task MethodNotAllowedAsync(HttpResponse response)
    {
        var allow = response.Headers.Allow;
        response.OnStarting(() =>
        {
            response.Headers.Allow = allow;
            return Task.CompletedTask;
        });
        await new Problem(405, "method_not_allowed", $"This path takes {allow}.", []).WriteAsync(response);
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.RequestFailed, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFault(string method, PathString path, Exception fault);
}
