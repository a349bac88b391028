using System.Runtime.InteropServices;

namespace EmbedStore.Shards.Tests;

public sealed class PageDeviceTests
{
    private const int PageByteCount = 4096;

    /// <summary>A short record at the end of a page is read with more than it has. What that reaches of the next page may be on its way to the disk, so it is neither read nor checked.</summary>
    [Theory]
    [InlineData(PageByteCount - 512, 2048, 512)]
    [InlineData(PageByteCount - 1024, 1024, 1024)]
    [InlineData(512, 1024, 1024)]
    public async Task ReadAsync_BeyondTheEndOfAPage_GivesWhatThePageHasAndZeros(int offset, int byteCount, int expectedByteCount)
    {
        var disk = new FaultyDisk();
        using var device = new PageDevice(disk, "/scratch", PageByteCount);
        device.Initialize(1 << 20);
        byte[] pages = Pinned(2 * PageByteCount);
        Array.Fill(pages, (byte)7);
        await WriteAsync(device, pages);
        disk.FlipBit("/scratch/pages.0", PageByteCount * 8);

        byte[] read = Pinned(byteCount);
        Array.Fill(read, (byte)1);
        await ReadAsync(device, offset, read);

        Assert.Null(device.Failure);
        Assert.Equal([.. Enumerable.Repeat((byte)7, expectedByteCount), .. Enumerable.Repeat((byte)0, byteCount - expectedByteCount)], read);
    }

    [Fact]
    public async Task ReadAsync_PageThatChangedOnDisk_IsAFailure()
    {
        var disk = new FaultyDisk();
        using var device = new PageDevice(disk, "/scratch", PageByteCount);
        device.Initialize(1 << 20);
        await WriteAsync(device, Pinned(2 * PageByteCount));
        disk.FlipBit("/scratch/pages.0", PageByteCount * 8);

        await ReadAsync(device, 0, Pinned(2 * PageByteCount));

        Assert.Contains("other bytes than were written", device.Failure!.Message, StringComparison.Ordinal);
    }

    private static byte[] Pinned(int byteCount) => GC.AllocateArray<byte>(byteCount, pinned: true);

    private static Task WriteAsync(PageDevice device, byte[] bytes)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        device.WriteAsync(Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), 0, 0, (uint)bytes.Length, (_, _, _) => done.SetResult(), null!);
        return done.Task;
    }

    private static Task ReadAsync(PageDevice device, int offset, byte[] target)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        device.ReadAsync(0, (ulong)offset, Marshal.UnsafeAddrOfPinnedArrayElement(target, 0), (uint)target.Length, (_, _, _) => done.SetResult(), null!);
        return done.Task;
    }
}
