using EmbedStore.Serving;
using EmbedStore.Tensors;

namespace EmbedStore.Gpu.Tests;

/// <summary>What a request through the device allocates: some kilobytes, whatever the number of rows. Kernels run on threads of their own, so only the request's own thread counts.</summary>
[Collection(DeviceTests.Name)]
public sealed class AllocationTests
{
    private const int RowCountMax = 10_000;
    private const int FewIds = 100;
    private const int ManyIds = 20_000;
    private const int Width = 16;

    /// <summary>One request of any size that goes through a lane at once. Unit: bytes.</summary>
    private const long BudgetByteCount = 8192;

    private static readonly Subscript Subscript = SubscriptParser.Parse("[ids]");

    // A lane takes all of a request, so that it is the rows that are counted, not the passes.
    private static readonly GpuOptions Options = ServedDevice.Options with { StagingBytes = 8 << 20 };

    [Theory]
    [InlineData(RowCountMax, null, false)]
    [InlineData(RowCountMax, null, true)]
    [InlineData(RowCountMax, ElementType.F16, false)]
    [InlineData(null, null, false)]
    [InlineData(null, null, true)]
    public async Task Gather_ManyRows_AllocatesAsForFew(int? rowCount, ElementType? type, bool withStatus)
    {
        // Of a table without an end the device has a part, so that each request reads from both tiers.
        await using ServedDevice served = await OpenAsync(rowCount);
        byte[] destination = new byte[ManyIds * Width * sizeof(float)];
        await AssertBudgetAsync(served, async tensors =>
        {
            using var memory = new RequestMemory();
            Lookup lookup = served.Lookups.Prepare(served.Table, new LookupRequest { Subscript = Subscript, Tensors = tensors, Type = type, WithStatus = withStatus }, memory);
            await lookup.ReadAsync(0, lookup.EntryCount, destination.AsMemory(0, (int)lookup.ByteCount), CancellationToken.None);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bag_ManyRows_AllocatesAsForFew(bool isWeighted)
    {
        await using ServedDevice served = await OpenAsync(RowCountMax);
        await AssertBudgetAsync(served, async tensors =>
        {
            using var memory = new RequestMemory();
            var all = new Dictionary<string, Tensor>(tensors) { ["offsets"] = Offsets };
            if (isWeighted)
            {
                all["weights"] = tensors["ids"].Data.Length == FewIds * sizeof(long) ? Few : Many;
            }

            await served.Lookups.PoolAsync(served.Table, new BagRequest { Tensors = all, Mode = PoolingMode.Sum }, memory, CancellationToken.None);
        });
    }

    [Fact]
    public async Task Nearest_ManyQueries_AllocatesAsForFew()
    {
        await using ServedDevice served = await OpenAsync(rowCount: 300);
        foreach (int count in (int[])[1, 20])
        {
            Tensor queries = Tensor.Of(TensorShape.Of(count, Width), new float[count * Width]);
            await AssertBudgetAsync(served, async () =>
            {
                using var memory = new RequestMemory();
                await served.Lookups.FindNearestAsync(
                    served.Table, new NearestRequest { Tensors = new Dictionary<string, Tensor> { ["queries"] = queries }, Count = 10 }, memory, CancellationToken.None);
            });
        }
    }

    private static Tensor Offsets { get; } = Tensor.Of(TensorShape.Of(3), 0L, 10, 50);

    private static Tensor Few { get; } = Tensor.Of(TensorShape.Of(FewIds), new float[FewIds]);

    private static Tensor Many { get; } = Tensor.Of(TensorShape.Of(ManyIds), new float[ManyIds]);

    private static async Task<ServedDevice> OpenAsync(int? rowCount)
    {
        GpuOptions options = rowCount is null ? Options with { MemoryBytes = 1 << 20 } : Options;
        ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(rowCount, Width), options: options);
        long[] ids = [.. Enumerable.Range(0, rowCount ?? RowCountMax)];
        await served.AssignAsync(ids, new float[ids.Length * Width]);
        for (int i = 0; i < 3; i++)
        {
            // Rows enter when they are read from below.
            await served.LookUpAsync(ids);
            served.Fill();
        }

        return served;
    }

    private static async Task AssertBudgetAsync(ServedDevice served, Func<IReadOnlyDictionary<string, Tensor>, Task> read)
    {
        foreach (int count in (int[])[FewIds, ManyIds])
        {
            Dictionary<string, Tensor> tensors = ServedDevice.Ids([.. Enumerable.Range(0, count).Select(static i => i * 7919L % RowCountMax)]);
            await AssertBudgetAsync(served, () => read(tensors));
        }
    }

    /// <summary>The least of several calls, because pools fill with the first and are trimmed now and then.</summary>
    private static async Task AssertBudgetAsync(ServedDevice served, Func<Task> read)
    {
        int launches = 0;
        served.Tier.Device!.Fault = step => launches += step == DeviceStep.Launch ? 1 : 0;
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            await read();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        served.Tier.Device.Fault = null;
        Assert.InRange(launches, 10, int.MaxValue);
        Assert.InRange(least, 0, BudgetByteCount);
    }
}
