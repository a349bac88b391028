using System.Globalization;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>The headers of API section 4.</summary>
internal static class Headers
{
    private const string Version = "Embedstore-Version";

    private static readonly string[] Freshness = ["Embedstore-Min-Version", "Embedstore-Max-Staleness"];

    private static readonly string[] ExactlyOnce = ["Embedstore-Writer", "Embedstore-Sequence", "Embedstore-Writer-Epoch"];

    /// <summary>Says which version of the table the answer is at least as new as.</summary>
    public static void SetVersion(HttpContext context, long version) =>
        context.Response.Headers[Version] = version.ToString(CultureInfo.InvariantCulture);

    /// <summary>Checks what a read asks of freshness. One server owns every row, so that its answers are always the newest.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    public static void CheckFreshness(HttpRequest request)
    {
        foreach (string header in Freshness)
        {
            if (request.Headers.TryGetValue(header, out var value) && !(long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            {
                throw RequestParameters.Invalid(header, $"is an integer of at least 0; was '{value}'");
            }
        }
    }

    /// <summary>Refuses what would promise exactly-once: a promise that is not kept is worse than none.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    public static void RefuseExactlyOnce(HttpRequest request)
    {
        string? header = Array.Find(ExactlyOnce, request.Headers.ContainsKey);
        if (header is not null)
        {
            throw RequestParameters.Invalid(header, "is not built yet");
        }
    }
}
