using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards.Tests;

/// <summary>Stored tables rely on these numbers: a change of any of them is a break, whatever the reason.</summary>
public sealed class RowInitializerTests
{
    private static T[] Fill<T>(RowInitializer initializer, ElementType type, long rowId, int width)
        where T : unmanaged
    {
        byte[] bytes = new byte[width * type.ByteCount()];
        initializer.Fill(rowId, type, bytes);
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }

    [Fact]
    public void Fill_ZerosConstantIdentity_AreWhatTheirNamesSay()
    {
        Assert.Equal(new float[3], Fill<float>(RowInitializer.Zeros, ElementType.F32, 5, 3));
        Assert.Equal([2.5f, 2.5f], Fill<float>(RowInitializer.Constant(2.5), ElementType.F32, 5, 2));
        Assert.Equal([2L, 2], Fill<long>(RowInitializer.Constant(2.5), ElementType.I64, 5, 2));
        Assert.Equal([255, 255], Fill<byte>(RowInitializer.Constant(1e9), ElementType.U8, 5, 2));
        Assert.Equal([-128], Fill<sbyte>(RowInitializer.Constant(-1e9), ElementType.I8, 5, 1));
        Assert.Equal([0f, 0, 1, 0], Fill<float>(RowInitializer.Identity, ElementType.F32, 2, 4));
        Assert.Equal(1f, Fill<float>(RowInitializer.Identity, ElementType.F32, 130, 200)[130]);
        Assert.Equal(new float[4], Fill<float>(RowInitializer.Identity, ElementType.F32, -1, 4));
        Assert.Equal(new float[4], Fill<float>(RowInitializer.Identity, ElementType.F32, long.MaxValue, 4));
    }

    [Fact]
    public void Fill_UniformAndNormal_GiveTheGoldenValues()
    {
        double[] uniform = Fill<double>(RowInitializer.Uniform(-0.05, 0.05, 7), ElementType.F64, 42, 100);
        double[] normal = Fill<double>(RowInitializer.Normal(1, 2, 7), ElementType.F64, 42, 100);
        double[] negative = Fill<double>(RowInitializer.Normal(0, 1, -1), ElementType.F64, long.MinValue, 3);
        Assert.Equal([0.025650895567002494, 0.005853918416588208, -0.037393495662646714], [uniform[0], uniform[1], uniform[99]]);
        Assert.Equal([2.3902336591115034, 1.2945331054151548, -1.2903818018723716], [normal[0], normal[1], normal[99]]);
        Assert.Equal([0.49159838825281615, -1.0512994378825564, -0.07859949506368231], negative);
    }

    [Fact]
    public void Fill_AnyWidthOrType_GivesTheSameNumberForTheSameColumn()
    {
        RowInitializer initializer = RowInitializer.Normal(0, 1, 3);
        double[] wide = Fill<double>(initializer, ElementType.F64, 9, 300);
        Assert.Equal(wide[..65], Fill<double>(initializer, ElementType.F64, 9, 65));
        Assert.Equal(wide.Select(value => (float)value), Fill<float>(initializer, ElementType.F32, 9, 300));
        Assert.Equal(wide.Select(value => (Half)value), Fill<Half>(initializer, ElementType.F16, 9, 300));
        Assert.Equal(wide.Select(value => (int)Math.Round(value)), Fill<int>(initializer, ElementType.I32, 9, 300));
    }

    [Fact]
    public void Fill_ManyValues_HaveTheMomentsOfTheirDistribution()
    {
        double[] uniform = Fill<double>(RowInitializer.Uniform(0, 1, 1), ElementType.F64, 1, 100_000);
        Assert.Equal(0.5, uniform.Average(), 0.005);
        Assert.All(uniform, value => Assert.InRange(value, 0, 1));
        double[] normal = Fill<double>(RowInitializer.Normal(0, 1, 1), ElementType.F64, 1, 100_000);
        Assert.Equal(0, normal.Average(), 0.02);
        Assert.Equal(1, normal.Average(value => value * value), 0.02);
        Assert.Equal(0.0455, normal.Count(value => Math.Abs(value) > 2) / 100_000.0, 0.003);
    }

    /// <summary>Source of the expected values: Python's statistics.NormalDist().inv_cdf.</summary>
    [Theory]
    [InlineData(0.001, -3.090232306167813)]
    [InlineData(0.3, -0.5244005127080407)]
    [InlineData(0.5, 0)]
    [InlineData(0.999999, 4.753424308817089)]
    [InlineData(1.1102230246251565e-16, -8.209536151601386)]
    public void NormalQuantile_KnownPoints_AgreeToFifteenDigits(double p, double expected) => Assert.Equal(expected, NormalQuantile.Of(p), 1e-14 * Math.Max(1, Math.Abs(expected)));

    [Fact]
    public void Create_ParametersThatAreNotFinite_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RowInitializer.Constant(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowInitializer.Uniform(1, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowInitializer.Uniform(-double.MaxValue, double.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RowInitializer.Normal(0, -1, 1));
    }
}
