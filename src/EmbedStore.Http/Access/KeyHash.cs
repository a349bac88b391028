using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace EmbedStore.Http;

/// <summary>What a server keeps of a key: SHA-256 over a salt and the key. As text: <c>sha256:salt:hash</c>, both in base64url.</summary>
/// <remarks>
/// A key is 256 random bits, so guessing is hopeless at any speed; a hash that is slow on purpose, as passwords need, would only let strangers keep the server busy.
/// </remarks>
internal sealed class KeyHash
{
    /// <summary>Of a salt. Unit: bytes.</summary>
    public const int SaltByteCount = 16;

    private const string Algorithm = "sha256";

    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private KeyHash(byte[] salt, byte[] hash) => (_salt, _hash) = (salt, hash);

    /// <summary>Hashes a key with a new salt.</summary>
    public static KeyHash Of(string key)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltByteCount);
        return new KeyHash(salt, SHA256.HashData([.. salt, .. Encoding.ASCII.GetBytes(key)]));
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out KeyHash? hash)
    {
        hash = text.Split(':') is [Algorithm, { } salt, { } digest] && Decode(salt, SaltByteCount) is { } saltBytes && Decode(digest, SHA256.HashSizeInBytes) is { } digestBytes
            ? new KeyHash(saltBytes, digestBytes)
            : null;
        return hash is not null;
    }

    /// <summary>Whether it is the key's, in a time that does not depend on where they differ.</summary>
    /// <param name="key">ASCII, at most <see cref="AccessKey.LengthMax"/> bytes.</param>
    public bool IsOf(ReadOnlySpan<byte> key)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        Compute(_salt, key, digest);
        return CryptographicOperations.FixedTimeEquals(digest, _hash);
    }

    /// <summary>SHA-256 over a salt and a key.</summary>
    public static void Compute(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> key, Span<byte> digest)
    {
        Span<byte> salted = stackalloc byte[SaltByteCount + AccessKey.LengthMax];
        salt.CopyTo(salted);
        key.CopyTo(salted[salt.Length..]);
        SHA256.HashData(salted[..(salt.Length + key.Length)], digest);
    }

    public override string ToString() => $"{Algorithm}:{Base64Url.EncodeToString(_salt)}:{Base64Url.EncodeToString(_hash)}";

    private static byte[]? Decode(string text, int byteCount)
    {
        try
        {
            return Base64Url.DecodeFromChars(text) is { } bytes && bytes.Length == byteCount ? bytes : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
