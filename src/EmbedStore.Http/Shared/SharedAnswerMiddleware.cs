using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Gives a request the region that it asks for; <see cref="AnswerWriter"/> finds it among the request's features.</summary>
internal sealed class SharedAnswerMiddleware(RequestDelegate next, SharedAnswers regions)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (Headers.SharedByteCountOf(context.Request) is { } byteCount)
        {
            context.Features.Set(SharedConnection.Of(context, regions)?.Resize(byteCount));
        }

        return next(context);
    }
}
