using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace EmbedStore.Http;

/// <summary>Which encoding a body has, and which one the answer gets.</summary>
internal static class ContentNegotiation
{
    private static readonly (string MediaType, WireEncoding Encoding)[] Known =
    [
        ("application/x-safetensors", WireEncoding.Safetensors),
        ("application/x-npy", WireEncoding.Npy),
        ("application/json", WireEncoding.Json),
    ];

    public static string MediaTypeOf(WireEncoding encoding) => Known.First(known => known.Encoding == encoding).MediaType;

    /// <summary>Encoding of the request's body. JSON when nothing is said.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.UnsupportedEncoding"/>.</exception>
    public static WireEncoding OfRequest(HttpRequest request)
    {
        if (request.Headers.ContentEncoding.Count > 0 && request.Headers.ContentEncoding != "identity")
        {
            throw Unsupported($"Bodies are not compressed here; this one is {request.Headers.ContentEncoding}.");
        }

        if (string.IsNullOrEmpty(request.ContentType))
        {
            return WireEncoding.Json;
        }

        return MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) && Find(type) is { } encoding
            ? encoding
            : throw Unsupported($"Content-Type {request.ContentType} is not spoken here.");
    }

    /// <summary>True when the body is JSON, or nothing is said.</summary>
    public static bool IsJson(HttpRequest request) =>
        string.IsNullOrEmpty(request.ContentType) || (MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) && Find(type) == WireEncoding.Json);

    /// <summary>Encoding of the answer: what the caller prefers, the request's own when it has no preference.</summary>
    /// <exception cref="NotAcceptableException">Nothing that Accept names is spoken here.</exception>
    public static WireEncoding OfAnswer(HttpRequest request, WireEncoding own)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept.OfType<string>().ToArray(), out IList<MediaTypeHeaderValue>? accepted))
        {
            return request.Headers.Accept.Count == 0 ? own : throw NotAcceptable(request);
        }

        foreach (MediaTypeHeaderValue type in accepted.Where(static type => (type.Quality ?? 1) > 0).OrderByDescending(static type => type.Quality ?? 1))
        {
            if (type.MatchesAllTypes || type.MatchesMediaType(MediaTypeOf(own)) || (type.MatchesAllSubTypes && type.Type == "application"))
            {
                return own;
            }

            if (Find(type) is { } encoding)
            {
                return encoding;
            }
        }

        throw NotAcceptable(request);
    }

    private static WireEncoding? Find(MediaTypeHeaderValue type)
    {
        foreach ((string mediaType, WireEncoding encoding) in Known)
        {
            if (type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase))
            {
                return encoding;
            }
        }

        return null;
    }

    private static NotAcceptableException NotAcceptable(HttpRequest request) =>
        new(Unsupported($"None of what Accept names is spoken here: {request.Headers.Accept}."));

    private static EmbedStoreException Unsupported(string message) =>
        new(ErrorCode.UnsupportedEncoding, message, new Fact("supported", Known.Select(static known => known.MediaType).ToArray()));
}
