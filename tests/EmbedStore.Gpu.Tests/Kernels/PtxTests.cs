using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace EmbedStore.Gpu.Tests;

/// <summary>What the compiler makes of each kernel for a Hopper GPU, without one: loads of 16 bytes, nothing in local memory, one rounding for each operation where the contract says so.</summary>
public sealed class PtxTests : IDisposable
{
    private static readonly Type[] Owners =
    [
        typeof(GatherKernel<Float4>), typeof(GatherKernel<ulong>), typeof(GatherKernel<uint>), typeof(GatherKernel<ushort>), typeof(GatherKernel<byte>),
        typeof(ConvertKernel<float, float, ushort, F32, F16>), typeof(ConvertKernel<Float4, Float4, UShort4, F32x4, F16x4>), typeof(ConvertKernel<Float4, Float4, UShort4, F32x4, BF16x4>),
        typeof(ConvertKernel<UShort4, Float4, Float4, F16x4, F32x4>), typeof(ConvertKernel<double, float, ushort, F64Odd, BF16>), typeof(ConvertKernel<sbyte, float, double, I8, F64>),
        typeof(ScaledKernel<float, F32>), typeof(ScatterKernel),
        typeof(BagKernel<Float4, Float4, Pool32x4<Float4, F32x4>>), typeof(BagKernel<float, float, Pool32<float, F32>>), typeof(BagKernel<UShort4, Float4, Pool32x4<UShort4, BF16x4>>),
        typeof(BagKernel<double, double, Pool64>),
        typeof(ScoreKernel<float, F32, L2Distance>), typeof(ScoreKernel<float, F32, DotDistance>), typeof(ScoreKernel<ushort, BF16, DotDistance>), typeof(ScaleKernel<float, F32>),
        typeof(TopKernel), typeof(ExactKernel<uint>), typeof(ExactKernel<ushort>), typeof(UniqueKernel), typeof(SegmentSumKernel),
        typeof(ApplyKernel<float, F32>), typeof(ApplyKernel<ushort, F16>), typeof(ApplyKernel<ushort, BF16>),
    ];

    private readonly Context _context = Context.Create(static builder => GpuDevice.Configure(builder));

    public static TheoryData<string, string> Kernels()
    {
        var data = new TheoryData<string, string>();
        foreach (Type owner in Owners)
        {
            foreach (MethodInfo method in KernelsOf(owner))
            {
                data.Add(owner.ToString(), method.Name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Ptx_EveryKernel_IsMadeAndKeepsNothingInLocalMemory(string owner, string kernel)
    {
        string ptx = Ptx(Owners.Single(type => type.ToString() == owner), kernel);
        Assert.Contains(".entry", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
    }

    [Fact]
    public void Ptx_RowsOfSixteenBytes_AreLoadedAndStoredAsFourNumbersAtOnce()
    {
        string gather = Ptx(typeof(GatherKernel<Float4>), "Run");
        Assert.Contains("ld.global.v4.f32", gather, StringComparison.Ordinal);
        Assert.Contains("st.global.v4.f32", gather, StringComparison.Ordinal);
        string scatter = Ptx(typeof(ScatterKernel), "Run");
        Assert.Contains("ld.global.v4.f32", scatter, StringComparison.Ordinal);
        Assert.Contains("st.global.v4.f32", scatter, StringComparison.Ordinal);
        Assert.Contains("ld.global.v4.f32", Ptx(typeof(BagKernel<Float4, Float4, Pool32x4<Float4, F32x4>>), "Run"), StringComparison.Ordinal);
        string narrow = Ptx(typeof(ConvertKernel<Float4, Float4, UShort4, F32x4, F16x4>), "Run");
        Assert.Contains("ld.global.v4.f32", narrow, StringComparison.Ordinal);
    }

    /// <summary>A product of binary32 may be fused with the sum that it goes into; one of binary64 that is rounded to binary32 may not.</summary>
    [Fact]
    public void Ptx_WhereBitsArePromised_ProductsAreRounded()
    {
        foreach (string ptx in (string[])
            [
                Ptx(typeof(ApplyKernel<float, F32>), "Sgd"),
                Ptx(typeof(ApplyKernel<float, F32>), "AdagradRows"),
                Ptx(typeof(BagKernel<Float4, Float4, Pool32x4<Float4, F32x4>>), "Run"),
                Ptx(typeof(BagKernel<float, float, Pool32<float, F32>>), "Run"),
            ])
        {
            Assert.Contains("mul.f64", ptx, StringComparison.Ordinal);
            Assert.Contains("cvt.rn.f32.f64", ptx, StringComparison.Ordinal);
            Assert.DoesNotContain("mul.f32", ptx, StringComparison.Ordinal);
            Assert.DoesNotContain("fma", ptx, StringComparison.Ordinal);
        }

        Assert.Contains("sqrt.rn.f32", Ptx(typeof(ApplyKernel<float, F32>), "AdagradState"), StringComparison.Ordinal);
        Assert.Contains("div.rn.f32", Ptx(typeof(ApplyKernel<float, F32>), "AdagradState"), StringComparison.Ordinal);
        Assert.Contains("div.rn.f32", Ptx(typeof(BagKernel<float, float, Pool32<float, F32>>), "Run"), StringComparison.Ordinal);
    }

    /// <summary>Places of elements are computed in 64 bits.</summary>
    [Fact]
    public void Ptx_PlacesOfElements_Are64Bits() => Assert.Contains("mul.lo.s64", Ptx(typeof(GatherKernel<Float4>), "Run"), StringComparison.Ordinal);

    public void Dispose() => _context.Dispose();

    private static IEnumerable<MethodInfo> KernelsOf(Type owner) =>
        owner.GetMethods(BindingFlags.Public | BindingFlags.Static).Where(static method => method.ReturnType == typeof(void));

    private string Ptx(Type owner, string kernel)
    {
        using var backend = new PTXBackend(_context, CudaArchitecture.SM_90, CudaInstructionSet.ISA_88, null!);
        var compiled = (PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(owner.GetMethod(kernel)!), default);
        return compiled.PTXAssembly;
    }
}
