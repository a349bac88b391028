using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace EmbedStore.Http;

/// <summary>The keys of a server, and which of them a client shows.</summary>
/// <remarks>
/// <para>A key that was found once is found again by one hash with a salt of this process; only keys that are known get there, so there are at most as many as keys.</para>
/// <para>Whatever is compared is a hash that the caller cannot choose, and compared in constant time. Thread safety: any number of callers.</para>
/// </remarks>
internal sealed class KeyRing
{
    private readonly (KeyHash Hash, Grant Grant)[] _keys;
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(KeyHash.SaltByteCount);
    private readonly ConcurrentDictionary<long, Known> _known = new();

    /// <param name="keys">Checked.</param>
    public KeyRing(IReadOnlyDictionary<string, KeyOptions> keys) => _keys = [.. keys.OrderBy(static key => key.Key, StringComparer.Ordinal).Select(static key => KeyOf(key.Key, key.Value))];

    /// <summary>What a key allows; null when it is none of these.</summary>
    public Grant? Find(ReadOnlySpan<char> key)
    {
        if (!AccessKey.IsOne(key))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[AccessKey.LengthMax];
        bytes = bytes[..Encoding.ASCII.GetBytes(key, bytes)];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        KeyHash.Compute(_salt, bytes, digest);
        long place = MemoryMarshal.Read<long>(digest);
        return _known.TryGetValue(place, out Known known) && CryptographicOperations.FixedTimeEquals(known.Digest, digest) ? known.Grant : Search(bytes, place, digest);
    }

    /// <summary>Compares with all of them, also behind the one that fits.</summary>
    private Grant? Search(ReadOnlySpan<byte> key, long place, ReadOnlySpan<byte> digest)
    {
        Grant? found = null;
        foreach ((KeyHash hash, Grant grant) in _keys)
        {
            if (hash.IsOf(key))
            {
                found ??= grant;
            }
        }

        if (found is not null)
        {
            _known[place] = new Known(digest.ToArray(), found);
        }

        return found;
    }

    private static (KeyHash Hash, Grant Grant) KeyOf(string name, KeyOptions options) =>
        KeyHash.TryParse(options.Hash, out KeyHash? hash) && KeyRoles.TryParse(options.Role, out KeyRole role) && TablePatterns.TryParse(options.Tables, out TablePatterns? tables)
            ? (hash, new Grant(name, role, tables))
            : throw new ArgumentException($"The key '{name}' was not checked.", nameof(options));

    private readonly record struct Known(byte[] Digest, Grant Grant);
}
