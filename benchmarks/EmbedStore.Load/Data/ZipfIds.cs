using System.Globalization;

namespace EmbedStore.Load;

/// <summary>Ids whose k-th most frequent is drawn in proportion to k^-s; the frequent ones lie scattered over the table.</summary>
/// <remarks>Rejection-inversion (Hörmann and Derflinger, 1996): constant time a draw, no table of the size of the vocabulary.</remarks>
internal sealed class ZipfIds : IdSource
{
    /// <summary>A prime, so that rank times it, modulo the number of rows, meets every row once.</summary>
    private const long ScatterPrime = 2_654_435_761;

    private readonly double _exponent;
    private readonly double _integralFirst;
    private readonly double _integralLast;
    private readonly double _acceptWithin;

    /// <param name="exponent">s. Above 0, not 1.</param>
    public ZipfIds(long rowCount, double exponent)
        : base(string.Create(CultureInfo.InvariantCulture, $"Zipf {exponent}"), rowCount)
    {
        _exponent = exponent;
        _integralFirst = Integral(1.5) - 1;
        _integralLast = Integral(rowCount + 0.5);
        _acceptWithin = 2 - InverseIntegral(Integral(2.5) - Density(2));
    }

    protected override long Draw(Random random)
    {
        while (true)
        {
            double area = _integralLast + (random.NextDouble() * (_integralFirst - _integralLast));
            double point = InverseIntegral(area);
            long rank = Math.Clamp((long)Math.Round(point), 1, RowCount);
            if (rank - point <= _acceptWithin || area >= Integral(rank + 0.5) - Density(rank))
            {
                return (long)((Int128)(rank - 1) * ScatterPrime % RowCount);
            }
        }
    }

    private double Density(double x) => Math.Pow(x, -_exponent);

    private double Integral(double x) => Math.Pow(x, 1 - _exponent) / (1 - _exponent);

    private double InverseIntegral(double area) => Math.Pow(area * (1 - _exponent), 1 / (1 - _exponent));
}
