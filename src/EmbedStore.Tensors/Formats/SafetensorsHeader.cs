using System.Buffers.Binary;

namespace EmbedStore.Tensors;

/// <summary>What a safetensors file says about its tensors: all of it was checked, so the data can be streamed behind it.</summary>
/// <remarks>
/// <para>A file is 8 bytes of length (little-endian), that many bytes of JSON, and the buffer with the tensors, dense, without holes.</para>
/// <para>Stricter than the reference library in three ways: repeated keys, unknown keys and white space before the JSON are refused.</para>
/// <para>Source: the format text and <c>validate</c> of the Rust library safetensors; the checks run in its order.</para>
/// </remarks>
public sealed class SafetensorsHeader
{
    /// <summary>Longest header of the format. Unit: bytes of JSON.</summary>
    public const int HeaderByteCountMax = 100_000_000;

    /// <summary>Bytes before the JSON: its length.</summary>
    public const int LengthByteCount = 8;

    private SafetensorsHeader(int headerByteCount, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<SafetensorsEntry> entries)
    {
        HeaderByteCount = headerByteCount;
        Metadata = metadata;
        Entries = entries;
    }

    /// <summary>The <c>__metadata__</c> map; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>By data offset: each begins where the one before ends, the first at 0.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>Length of the JSON with its padding, without the 8 bytes before it. Unit: bytes.</summary>
    public int HeaderByteCount { get; }

    /// <summary>Unit: bytes of tensor data behind the header.</summary>
    public long BufferByteCount => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>Reads how long the JSON is, before any of it is there.</summary>
    /// <param name="first">The body from its first byte on.</param>
    /// <param name="length">In [0, <see cref="HeaderByteCountMax"/>]. Unit: bytes.</param>
    /// <returns>False when fewer than <see cref="LengthByteCount"/> bytes are there.</returns>
    /// <exception cref="EmbedStoreException">MalformedBody: the length is above its limit.</exception>
    public static bool TryReadHeaderLength(ReadOnlySpan<byte> first, out int length)
    {
        length = 0;
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(first, out ulong declared))
        {
            return false;
        }

        if (declared > HeaderByteCountMax)
        {
            throw Malformed.At(0, $"The safetensors header claims {declared} bytes; at most {HeaderByteCountMax} are allowed.");
        }

        length = (int)declared;
        return true;
    }

    /// <summary>Parses and checks the whole header.</summary>
    /// <param name="json">Exactly the header, with its padding.</param>
    /// <param name="bufferByteCount">Bytes behind the header, or null when they are still to come: then the caller must see <see cref="BufferByteCount"/> of them.</param>
    /// <exception cref="EmbedStoreException">MalformedBody, with <c>offset</c> from the beginning of the body.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long? bufferByteCount)
    {
        if (json.Length > HeaderByteCountMax)
        {
            throw Malformed.At(0, $"The safetensors header has {json.Length} bytes; at most {HeaderByteCountMax} are allowed.");
        }

        SafetensorsDeclaration declaration = SafetensorsDeclaration.Parse(json);
        var header = new SafetensorsHeader(json.Length, declaration.Metadata, SafetensorsChecks.Lay(declaration.Tensors));
        if (bufferByteCount is long actual)
        {
            SafetensorsChecks.CheckBuffer(header, actual);
        }

        return header;
    }
}
