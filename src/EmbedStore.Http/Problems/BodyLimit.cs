using System.Buffers;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace EmbedStore.Http;

/// <summary>How a body that is too large is refused, so that whoever sends it reads why.</summary>
/// <remarks>
/// A connection that is closed while bytes are on their way is reset, and a reset takes the answer with it. So some of a refused body is still read and thrown away.
/// </remarks>
internal static class BodyLimit
{
    /// <summary>Read of a body beyond its limit before the connection is given up. Unit: bytes.</summary>
    public const long DrainByteCountMax = 64L << 20;

    /// <summary>How long a caller that was refused may take for these bytes.</summary>
    public static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(2);

    /// <param name="limit">Unit: bytes.</param>
    /// <param name="size">What the caller announced; null when it did not. Unit: bytes.</param>
    public static EmbedStoreException Exceeded(long limit, long? size) => new(
        ErrorCode.BodyTooLarge,
        FormattableString.Invariant($"The body has {(size is { } s ? s : "more")} bytes{(size is null ? " than" : "; the limit is")} {limit}."),
        new Fact("limit", limit),
        new Fact("size", size));

    /// <summary>Whether more is announced than the connection would take: a call that was refused for another reason, before its body was looked at.</summary>
    public static bool IsExceededBy(HttpRequest request) =>
        request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false, MaxRequestBodySize: { } limit } && request.ContentLength > limit;

    /// <summary>Reads on behind the answer, for as long as the limits allow; gives the connection up when there is more.</summary>
    public static async Task DrainAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // Nothing was read yet: else a length that is announced beyond the server's own limit could not be read at all.
            size.MaxRequestBodySize = null;
        }

        if (!await EndsAsync(context.Request))
        {
            context.Abort();
        }
    }

    private static async Task<bool> EndsAsync(HttpRequest request)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(request.HttpContext.RequestAborted);
        time.CancelAfter(DrainTimeMax);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (long left = DrainByteCountMax; left > 0;)
            {
                int count = await request.Body.ReadAsync(buffer, time.Token);
                if (count == 0)
                {
                    return true;
                }

                left -= count;
            }

            return false;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
