namespace EmbedStore.Gpu;

/// <summary>Reads a stored element, or four of them, as numbers to compute with.</summary>
/// <typeparam name="TStored">As it stands in the slab.</typeparam>
/// <typeparam name="TNumber">What it means.</typeparam>
internal interface IWiden<TStored, TNumber>
    where TStored : unmanaged
    where TNumber : unmanaged
{
    /// <summary>Exact, unless the implementation says otherwise.</summary>
    TNumber Widen(TStored stored);
}

/// <summary>Rounds a number to an element of an answer, to nearest, ties to even.</summary>
/// <typeparam name="TNumber">What was computed.</typeparam>
/// <typeparam name="TAnswer">As it stands in the answer.</typeparam>
internal interface INarrow<TNumber, TAnswer>
    where TNumber : unmanaged
    where TAnswer : unmanaged
{
    TAnswer Narrow(TNumber number);
}

internal readonly struct F32 : IWiden<float, float>, INarrow<float, float>
{
    public float Widen(float stored) => stored;

    public float Narrow(float number) => number;
}

internal readonly struct F32x4 : IWiden<Float4, Float4>, INarrow<Float4, Float4>
{
    public Float4 Widen(Float4 stored) => stored;

    public Float4 Narrow(Float4 number) => number;
}

internal readonly struct F16 : IWiden<ushort, float>, INarrow<float, ushort>
{
    public float Widen(ushort stored) => Elements16.FromHalf(stored);

    public ushort Narrow(float number) => Elements16.ToHalf(number);
}

internal readonly struct F16x4 : IWiden<UShort4, Float4>, INarrow<Float4, UShort4>
{
    public Float4 Widen(UShort4 stored) =>
        new(Elements16.FromHalf(stored.X), Elements16.FromHalf(stored.Y), Elements16.FromHalf(stored.Z), Elements16.FromHalf(stored.W));

    public UShort4 Narrow(Float4 number) =>
        new(Elements16.ToHalf(number.X), Elements16.ToHalf(number.Y), Elements16.ToHalf(number.Z), Elements16.ToHalf(number.W));
}

internal readonly struct BF16 : IWiden<ushort, float>, INarrow<float, ushort>
{
    public float Widen(ushort stored) => Elements16.FromBrain(stored);

    public ushort Narrow(float number) => Elements16.ToBrain(number);
}

internal readonly struct BF16x4 : IWiden<UShort4, Float4>, INarrow<Float4, UShort4>
{
    public Float4 Widen(UShort4 stored) =>
        new(Elements16.FromBrain(stored.X), Elements16.FromBrain(stored.Y), Elements16.FromBrain(stored.Z), Elements16.FromBrain(stored.W));

    public UShort4 Narrow(Float4 number) =>
        new(Elements16.ToBrain(number.X), Elements16.ToBrain(number.Y), Elements16.ToBrain(number.Z), Elements16.ToBrain(number.W));
}

internal readonly struct I8 : IWiden<sbyte, float>
{
    public float Widen(sbyte stored) => stored;
}

/// <summary>Binary64, rounded once to binary32.</summary>
internal readonly struct F64 : IWiden<double, float>, INarrow<float, double>
{
    public float Widen(double stored) => (float)stored;

    public double Narrow(float number) => number;
}

/// <summary>Binary64 on its way to 16 bits: rounded to odd, so that the last rounding decides as if it were the only one.</summary>
internal readonly struct F64Odd : IWiden<double, float>
{
    public float Widen(double stored) => Elements16.RoundToOdd(stored);
}
