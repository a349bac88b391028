using System.Runtime.InteropServices;
using System.Text;

namespace EmbedStore.Serving;

/// <summary>Writes the parts of a message, one behind the other.</summary>
internal readonly struct PeerWriter(PeerBuffer buffer)
{
    public void Number(long value) => MemoryMarshal.Write(buffer.Append(sizeof(long)), in value);

    /// <summary>How many, and then each.</summary>
    public void Many<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Number(values.Length);
        MemoryMarshal.AsBytes(values).CopyTo(buffer.Append(checked(values.Length * Marshal.SizeOf<T>())));
    }

    public void Text(string text) => Many<byte>(Encoding.UTF8.GetBytes(text));
}
