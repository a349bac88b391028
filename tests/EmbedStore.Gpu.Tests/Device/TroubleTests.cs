using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Gpu.Tests;

/// <summary>No driver, no device, too little memory: what is served, and what the log says of it.</summary>
[Collection(DeviceTests.Name)]
public sealed class TroubleTests
{
    private readonly Logs _logs = new();

    [Fact]
    public void Open_NoDriver_SaysSoInALineAndGivesNone()
    {
        if (DeviceRig.HasDriver)
        {
            return;
        }

        Assert.Null(GpuDevice.Open(new GpuOptions { Device = GpuOptions.Auto }, _logs));
        (LogLevel level, string text) = Assert.Single(_logs.Lines);
        Assert.Equal(LogLevel.Information, level);
        Assert.StartsWith("No GPU, the processor serves everything: ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoDeviceWanted_SaysNothing()
    {
        Assert.Null(GpuDevice.Open(new GpuOptions { Device = GpuOptions.None }, _logs));
        Assert.Empty(_logs.Lines);
    }

    [Fact]
    public void Open_DeviceThatIsNamedAndNotThere_IsRefused() =>
        Assert.Throws<DeviceMissingException>(() => GpuDevice.Open(new GpuOptions { Device = "cuda:99" }, NullLogger.Instance));

    [Fact]
    public void Allocate_LessMemoryThanAsked_TakesWhatFitsAndSaysSo()
    {
        using GpuDevice device = GpuDevice.Open(new GpuOptions { Device = GpuOptions.Processor }, _logs)!;
        RefuseMemory(device, times: 3);

        using Slab? slab = Slab.TryAllocate(device, new RowLayout(new RowFormat(ElementType.F32, 4)), 1 << 12);

        Assert.Equal(1 << 9, slab!.SlotCount);
        Assert.Equal((1 << 9) * 24, slab.ByteCount);
        Assert.True(device.IsOn);
        Assert.Equal(3, _logs.Lines.Count(static line => line.Level == LogLevel.Warning && line.Text.StartsWith("The device has no ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Start_NoMemoryToMoveRowsThrough_TurnsTheDeviceOff(int halvesThatFit)
    {
        GpuDevice device = GpuDevice.Open(new GpuOptions { Device = GpuOptions.Processor }, _logs)!;
        int left = halvesThatFit;
        device.Fault = step =>
        {
            if (step == DeviceStep.Allocate && left-- <= 0)
            {
                throw new DeviceFaultException("No memory.");
            }
        };

        using var tier = new GpuTier(device, ServedDevice.Options, _logs);

        Assert.False(device.IsOn);
        Assert.Null(((IRowTier)tier).Device);
        Assert.Contains(_logs.Lines, static line => line.Level == LogLevel.Error && line.Text.Contains("it has no memory to move rows through", StringComparison.Ordinal));
    }

    [Fact]
    public void Start_MemoryForOneStreamOfTwo_UsesOne()
    {
        GpuDevice device = GpuDevice.Open(new GpuOptions { Device = GpuOptions.Processor }, _logs)!;
        int left = 4;
        device.Fault = step =>
        {
            if (step == DeviceStep.Allocate && left-- <= 0)
            {
                throw new DeviceFaultException("No memory.");
            }
        };

        using var tier = new GpuTier(device, ServedDevice.Options, _logs);

        Assert.True(device.IsOn);
        Assert.Equal(1, tier.Lanes!.Count);
    }

    [Fact]
    public async Task Open_TableWithoutPlaceOnTheDevice_IsServedWithoutAndTheNextFindsPlaceAgain()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(100, 16), logger: _logs);
        await served.AssignAsync([1], new float[16]);
        served.Fill();
        long before = served.Tier.ByteCount;
        RefuseMemory(served.Tier.Device!, times: int.MaxValue);

        Table without = await served.AddAsync("without", ServedDevice.Spec(100, 16));

        Assert.Null(served.Tier.Of(without));
        Assert.Equal(before, served.Tier.ByteCount);
        Assert.Contains(_logs.Lines, static line => line.Level == LogLevel.Warning && line.Text.StartsWith("Table without has no slots on the device", StringComparison.Ordinal));
        Assert.Equal(0, served.Rows.Directory.Find(1, out _) - 1);

        served.Tier.Device!.Fault = null;
        Table with = await served.AddAsync("with", ServedDevice.Spec(100, 16));
        Assert.Equal(before, served.Tier.ByteCount - served.Tier.Of(with)!.ByteCount);
        await served.DropAsync("with");
        Assert.Equal(before, served.Tier.ByteCount);
        Assert.True(served.Tier.Device.IsOn);
    }

    /// <summary>Memory is taken when a table opens, and never again: more rows than slots drive others out.</summary>
    [Fact]
    public async Task Read_MoreRowsThanSlots_EvictsAndTakesNoMore()
    {
        await using ServedDevice served = await ServedDevice.OpenAsync(ServedDevice.Spec(null, 1024), options: ServedDevice.Options with { MemoryBytes = 1 << 20 });
        long[] ids = [.. Enumerable.Range(0, 1000)];
        await served.AssignAsync(ids, [.. ids.SelectMany(static id => Enumerable.Repeat((float)id, 1024))]);
        long bytes = served.Tier.ByteCount;
        int slots = served.Rows.Directory.SlotCount;
        for (int round = 0; round < 6; round++)
        {
            long[] some = [.. ids.Skip(round * 150).Take(150)];
            for (int again = 0; again < 3; again++)
            {
                Assert.Equal(await served.LookUpAsync(served.Plain, some), await served.LookUpAsync(some));
                served.Fill();
            }
        }

        Assert.InRange(slots, 64, 150);
        Assert.InRange(served.Rows.Directory.ValidCount, slots / 2, slots);
        Assert.Contains(ids.Skip(750).Take(150), id => served.Rows.Directory.Find(id, out _) >= 0);
        Assert.Equal(bytes, served.Tier.ByteCount);
        Assert.True(served.Tier.Device!.IsOn);
    }

    private static void RefuseMemory(GpuDevice device, int times) => device.Fault = step =>
    {
        if (step == DeviceStep.Allocate && times-- > 0)
        {
            throw new DeviceFaultException("No memory.");
        }
    };
}
