using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace EmbedStore.Http;

/// <summary>The key itself: what a client sends behind <c>Bearer</c>.</summary>
internal static class AccessKey
{
    /// <summary>Fewest characters of a key that somebody else made. Too few for 256 bits, and too many to be guessed.</summary>
    public const int LengthMin = 32;

    /// <summary>Most characters.</summary>
    public const int LengthMax = 256;

    /// <summary>By which programs that look for secrets in files know it.</summary>
    private const string Prefix = "esk_";

    private const int RandomByteCount = 32;

    /// <summary>Those of token68 in RFC 9110.</summary>
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    /// <summary>Makes a key of 256 random bits.</summary>
    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomByteCount));

    /// <summary>Whether it can be sent as one.</summary>
    public static bool IsOne(ReadOnlySpan<char> text) => text.Length is >= LengthMin and <= LengthMax && !text.ContainsAnyExcept(Letters);
}
