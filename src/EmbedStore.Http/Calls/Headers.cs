using System.Globalization;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>The headers of API section 4.</summary>
internal static class Headers
{
    private const string Version = "Embedstore-Version";

    private const string MinVersion = "Embedstore-Min-Version";
    public const string MaxStaleness = "Embedstore-Max-Staleness";

    /// <summary>A day: no row is kept longer than that. Unit: milliseconds.</summary>
    private const long AgeMax = 86_400_000;

    /// <summary>Names who writes.</summary>
    public const string Writer = "Embedstore-Writer";

    private const string Sequence = "Embedstore-Sequence";
    private const string WriterEpoch = "Embedstore-Writer-Epoch";
    private const string Duplicate = "Embedstore-Duplicate";

    private const string Shared = "Embedstore-Shared";
    private const string SharedFile = "Embedstore-Shared-File";
    private const string SharedByteCount = "Embedstore-Shared-Bytes";

    private static readonly string[] BesideWriter = [Sequence, WriterEpoch];

    /// <summary>Says which version of the table the answer is at least as new as.</summary>
    public static void SetVersion(HttpContext context, long version) =>
        context.Response.Headers[Version] = version.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a read asks of freshness.</summary>
    /// <param name="request">The read.</param>
    /// <param name="ageDefault">What it means when it does not say. Unit: milliseconds. Null: every row is owned here, and so each answer is the newest.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    public static Freshness FreshnessOf(HttpRequest request, int? ageDefault)
    {
        long versionMin = request.Headers.ContainsKey(MinVersion) ? IntegerOf(request, MinVersion, 0, orElse: null) : 0;
        long age = request.Headers.ContainsKey(MaxStaleness) ? IntegerOf(request, MaxStaleness, 0, orElse: null) : ageDefault ?? 0;
        return ageDefault is null ? default : new Freshness(versionMin, TimeSpan.FromMilliseconds(Math.Min(age, AgeMax)));
    }

    /// <summary>Who writes, if the request says so.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>: a header is missing beside another, or out of its range.</exception>
    public static WriterClaim? WriterOf(HttpRequest request)
    {
        string? name = request.Headers[Writer];
        if (name is null)
        {
            string? lone = Array.Find(BesideWriter, request.Headers.ContainsKey);
            return lone is null ? null : throw RequestParameters.Invalid(lone, $"needs {Writer} beside it");
        }

        if (name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || System.Text.Encoding.UTF8.GetByteCount(name) > WriterStamp.NameByteCountMax)
        {
            throw RequestParameters.Invalid(Writer, $"has 1 to {WriterStamp.NameByteCountMax} bytes and no slash, so that a path can name it");
        }

        return new WriterClaim(name, IntegerOf(request, WriterEpoch, 0, orElse: 0), IntegerOf(request, Sequence, 1, orElse: null));
    }

    /// <summary>Says that a writer's request was applied before.</summary>
    public static void SetDuplicate(HttpContext context) => context.Response.Headers[Duplicate] = "true";

    /// <summary>Refuses a writer where nothing can be applied just once.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    public static void RefuseWriter(HttpRequest request)
    {
        if (request.Headers.ContainsKey(Writer))
        {
            throw RequestParameters.Invalid(Writer, "is of no use here: this call takes effect in many steps, and repeating it is harmless");
        }
    }

    /// <summary>How large a region of shared memory the request wants for answers on its connection; null when it wants none. Unit: bytes.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    public static int? SharedByteCountOf(HttpRequest request) => !request.Headers.ContainsKey(Shared) ? null
        : IntegerOf(request, Shared, 1, orElse: null) is <= int.MaxValue and long byteCount ? (int)byteCount
        : throw RequestParameters.Invalid(Shared, FormattableString.Invariant($"is at most {int.MaxValue}; was '{request.Headers[Shared]}'"));

    /// <summary>Says that the answer's body is at the start of a file instead.</summary>
    public static void SetShared(HttpContext context, string file, long byteCount)
    {
        context.Response.Headers[SharedFile] = file;
        context.Response.Headers[SharedByteCount] = byteCount.ToString(CultureInfo.InvariantCulture);
    }

    private static long IntegerOf(HttpRequest request, string header, long min, long? orElse)
    {
        string? text = request.Headers[header];
        return text is null && orElse is { } value ? value
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long integer) && integer >= min ? integer
            : throw RequestParameters.Invalid(header, FormattableString.Invariant($"is an integer of at least {min}; was '{text}'"));
    }
}
