using System.Runtime.InteropServices;

namespace EmbedStore.Gpu;

/// <summary>Sixteen bytes that are loaded at once. Four numbers, because the compiler makes one load of them; any bits pass unchanged.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Float4(float x, float y, float z, float w)
{
    public float X = x;
    public float Y = y;
    public float Z = z;
    public float W = w;
}

/// <summary>Eight bytes: four elements of 16 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UShort4(ushort x, ushort y, ushort z, ushort w)
{
    public ushort X = x;
    public ushort Y = y;
    public ushort Z = z;
    public ushort W = w;
}
