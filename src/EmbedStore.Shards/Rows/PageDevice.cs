using System.Collections.Concurrent;
using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>FASTER's device over <see cref="IDisk"/>: positional, and it remembers the first failure, which FASTER itself only logs.</summary>
/// <remarks>The pages are scratch: nothing here is flushed, and the folder is emptied at each open.</remarks>
internal sealed class PageDevice(IDisk disk, string folder) : StorageDeviceBase(Path.Combine(folder, "pages"), SectorByteCount, Devices.CAPACITY_UNSPECIFIED)
{
    private const uint SectorByteCount = 512;

    private readonly ConcurrentDictionary<int, Lazy<IDiskFile>> _files = new();
    private volatile Exception? _failure;

    /// <summary>Why rows can no longer be trusted to be where FASTER thinks, or null.</summary>
    public Exception? Failure => _failure;

    public override void WriteAsync(IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
        PageIoThreads.Post(() => Transfer(callback, context, numBytesToWrite, () =>
            FileOf(segmentId).Write(PageMemory.At(sourceAddress, numBytesToWrite), (long)destinationAddress)));

    public override void ReadAsync(int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
        PageIoThreads.Post(() => Transfer(callback, context, readLength, () =>
        {
            // Reads are rounded up to sectors, so the last one may reach past the end; each row has its own checksum.
            FileOf(segmentId).Read(PageMemory.At(destinationAddress, readLength), (long)sourceAddress);
        }));

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) => PageIoThreads.Post(() =>
    {
        try
        {
            if (_files.TryRemove(segment, out Lazy<IDiskFile>? file))
            {
                file.Value.Dispose();
                disk.Delete(PathOf(segment));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failure ??= error;
        }

        callback(result);
    });

    public override void Dispose()
    {
        foreach (Lazy<IDiskFile> file in _files.Values)
        {
            file.Value.Dispose();
        }

        _files.Clear();
    }

    private string PathOf(int segment) => $"{FileName}.{segment}";

    private IDiskFile FileOf(int segment) => _files.GetOrAdd(segment, static (number, device) => new(() => device.Create(number)), this).Value;

    private IDiskFile Create(int segment) => disk.Open(PathOf(segment), create: true);

    private void Transfer(DeviceIOCompletionCallback callback, object context, uint byteCount, Action transfer)
    {
        uint error = 0;
        try
        {
            transfer();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            _failure ??= failure;
            error = uint.MaxValue;
        }

        callback(error, error == 0 ? byteCount : 0, context);
    }
}
