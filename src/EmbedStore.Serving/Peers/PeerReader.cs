using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace EmbedStore.Serving;

/// <summary>Reads the parts of a message in the order in which they were written.</summary>
/// <exception cref="InvalidDataException">Of each member: the message ends too early.</exception>
internal sealed class PeerReader(ReadOnlyMemory<byte> message)
{
    private ReadOnlyMemory<byte> _rest = message;

    public long Number() => MemoryMarshal.Read<long>(Bytes(sizeof(long)).Span);

    public double Double() => BitConverter.Int64BitsToDouble(Number());

    /// <summary>Values, viewed where they are.</summary>
    public ReadOnlySpan<T> Many<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Many(Unsafe.SizeOf<T>()).Span);

    /// <summary>The bytes of many values of one size.</summary>
    public ReadOnlyMemory<byte> Many(int byteCount)
    {
        long count = Number();
        return count >= 0 && count <= _rest.Length / byteCount ? Bytes((int)count * byteCount) : throw TooShort();
    }

    public string Text() => Encoding.UTF8.GetString(Many<byte>());

    private ReadOnlyMemory<byte> Bytes(int byteCount)
    {
        if (byteCount > _rest.Length)
        {
            throw TooShort();
        }

        ReadOnlyMemory<byte> bytes = _rest[..byteCount];
        _rest = _rest[byteCount..];
        return bytes;
    }

    private static InvalidDataException TooShort() => new("A message of another server ends too early.");
}
