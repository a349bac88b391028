using ILGPU;
using ILGPU.Algorithms;

namespace EmbedStore.Gpu;

/// <summary>Arithmetic that rounds once for each operation, on every device. Compilers of devices may make one rounding of a product and a sum; the results would differ from the processor's.</summary>
internal static class Ieee
{
    /// <summary>A product that is rounded before it is added to anything: binary64 holds it exactly, and the way back to binary32 is an operation of its own.</summary>
    public static float Multiply(float a, float b) => (float)((double)a * b);

    public static float Sqrt(float value) => XMath.Sqrt(value);

    public static double Sqrt(double value) => XMath.Sqrt(value);

    public static bool IsNaN(float value) => (Bits(value) & 0x7FFF_FFFF) > 0x7F80_0000;

    /// <summary>The bits of a number.</summary>
    public static uint Bits(float value) => Interop.FloatAsInt(value);

    /// <summary>The number of some bits.</summary>
    public static float Number(uint bits) => Interop.IntAsFloat(bits);
}
