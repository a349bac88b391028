namespace EmbedStore.Gpu;

/// <summary>One column of any type that binary32 holds.</summary>
internal readonly struct Pool32<TStored, TWiden> : IPool<TStored, float>
    where TStored : unmanaged
    where TWiden : unmanaged, IWiden<TStored, float>
{
    public float Add(float sum, TStored row) => sum + default(TWiden).Widen(row);

    public float AddWeighted(float sum, TStored row, double weight) => sum + Ieee.Multiply(default(TWiden).Widen(row), (float)weight);

    public float Max(float sum, TStored row, bool isFirst)
    {
        float value = default(TWiden).Widen(row);
        return isFirst || value > sum ? value : sum;
    }

    public float Divide(float sum, int count) => sum / count;
}

/// <summary>Four columns of a type that binary32 holds.</summary>
internal readonly struct Pool32x4<TStored, TWiden> : IPool<TStored, Float4>
    where TStored : unmanaged
    where TWiden : unmanaged, IWiden<TStored, Float4>
{
    public Float4 Add(Float4 sum, TStored row)
    {
        Float4 value = default(TWiden).Widen(row);
        return new Float4(sum.X + value.X, sum.Y + value.Y, sum.Z + value.Z, sum.W + value.W);
    }

    public Float4 AddWeighted(Float4 sum, TStored row, double weight)
    {
        Float4 value = default(TWiden).Widen(row);
        float w = (float)weight;
        return new Float4(
            sum.X + Ieee.Multiply(value.X, w), sum.Y + Ieee.Multiply(value.Y, w), sum.Z + Ieee.Multiply(value.Z, w), sum.W + Ieee.Multiply(value.W, w));
    }

    public Float4 Max(Float4 sum, TStored row, bool isFirst)
    {
        Float4 value = default(TWiden).Widen(row);
        return new Float4(
            isFirst || value.X > sum.X ? value.X : sum.X,
            isFirst || value.Y > sum.Y ? value.Y : sum.Y,
            isFirst || value.Z > sum.Z ? value.Z : sum.Z,
            isFirst || value.W > sum.W ? value.W : sum.W);
    }

    public Float4 Divide(Float4 sum, int count) => new(sum.X / count, sum.Y / count, sum.Z / count, sum.W / count);
}

/// <summary>One column of binary64. A weighted sum may be rounded once where the processor rounds twice: each product is within half a unit of its last place.</summary>
internal readonly struct Pool64 : IPool<double, double>
{
    public double Add(double sum, double row) => sum + row;

    public double AddWeighted(double sum, double row, double weight) => sum + (row * weight);

    public double Max(double sum, double row, bool isFirst) => isFirst || row > sum ? row : sum;

    public double Divide(double sum, int count) => sum / count;
}
