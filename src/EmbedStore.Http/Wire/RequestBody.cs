using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Reads a whole body into one rented array.</summary>
internal static class RequestBody
{
    private const int FirstRentByteCount = 64 * 1024;

    /// <summary>Memory that an announced length alone gets; more comes with the bytes, so that headers that lie cost little.</summary>
    private const int AnnouncedRentByteCountMax = 1 << 20;

    private const int CopyByteCount = 1 << 20;

    /// <summary>Reads to the end.</summary>
    /// <param name="request">Its announced length is believed as far as <paramref name="limit"/>, and no further.</param>
    /// <param name="limit">Unit: bytes.</param>
    /// <returns>A rented array, null for an empty body, and the number of bytes read.</returns>
    /// <exception cref="Tensors.EmbedStoreException">BodyTooLarge.</exception>
    public static async ValueTask<(byte[]? Rented, int Length)> ReadAsync(HttpRequest request, long limit)
    {
        if (request.ContentLength is 0)
        {
            return (null, 0);
        }

        if (request.ContentLength > limit)
        {
            throw BodyLimit.Exceeded(limit, request.ContentLength);
        }

        byte[] body = ArrayPool<byte>.Shared.Rent((int)Math.Min(request.ContentLength ?? FirstRentByteCount, AnnouncedRentByteCountMax));
        int length = 0;
        try
        {
            int count;
            while ((count = await request.Body.ReadAsync(body.AsMemory(length), request.HttpContext.RequestAborted)) > 0)
            {
                length += count;
                if (length > limit)
                {
                    throw BodyLimit.Exceeded(limit, null);
                }

                if (length == body.Length && length != request.ContentLength)
                {
                    body = Grow(body);
                }
                else if (length == request.ContentLength)
                {
                    break;
                }
            }

            return (body, length);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(body);
            throw;
        }
    }

    /// <summary>Copies to the end.</summary>
    /// <param name="request">The call.</param>
    /// <param name="target">May have got up to <paramref name="limit"/> bytes when this throws.</param>
    /// <param name="limit">Unit: bytes.</param>
    /// <exception cref="Tensors.EmbedStoreException">BodyTooLarge.</exception>
    public static async Task CopyToAsync(HttpRequest request, Stream target, long limit)
    {
        byte[] run = ArrayPool<byte>.Shared.Rent(CopyByteCount);
        try
        {
            CancellationToken gone = request.HttpContext.RequestAborted;
            int count;
            for (long left = limit; (count = await request.Body.ReadAsync(run, gone)) > 0; left -= count)
            {
                if (count > left)
                {
                    throw BodyLimit.Exceeded(limit, null);
                }

                await target.WriteAsync(run.AsMemory(0, count), gone);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(run);
        }
    }

    private static byte[] Grow(byte[] body)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * body.Length, Array.MaxLength));
        body.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(body);
        return larger;
    }
}
