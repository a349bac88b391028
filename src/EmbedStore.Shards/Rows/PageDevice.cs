using System.Collections.Concurrent;
using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>FASTER's device over <see cref="IDisk"/>: positional, checked, and it remembers the first failure, which FASTER itself only logs.</summary>
/// <remarks>The pages are scratch: nothing here is flushed, and the folder is emptied at each open.</remarks>
internal sealed class PageDevice(IDisk disk, string folder) : StorageDeviceBase(Path.Combine(folder, "pages"), SectorChecksums.SectorByteCount, Devices.CAPACITY_UNSPECIFIED)
{
    private readonly ConcurrentDictionary<int, Lazy<Segment>> _segments = new();
    private volatile Exception? _failure;

    /// <summary>Why rows can no longer be trusted to be where FASTER thinks, or null.</summary>
    public Exception? Failure => _failure;

    public override void WriteAsync(IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
        PageIoThreads.Post(() => Transfer(callback, context, numBytesToWrite, () =>
        {
            Segment segment = SegmentOf(segmentId);
            ReadOnlySpan<byte> source = PageMemory.At(sourceAddress, numBytesToWrite);
            segment.Checksums.Remember(source, (long)destinationAddress);
            segment.File.Write(source, (long)destinationAddress);
        }));

    public override void ReadAsync(int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
        PageIoThreads.Post(() => Transfer(callback, context, readLength, () =>
        {
            Segment segment = SegmentOf(segmentId);
            Span<byte> target = PageMemory.At(destinationAddress, readLength);

            // A read is rounded up to sectors, so the last one may reach past what was written.
            target[segment.File.Read(target, (long)sourceAddress)..].Clear();
            if (!segment.Checksums.Check(target, (long)sourceAddress))
            {
                throw new IOException(FormattableString.Invariant($"{PathOf(segmentId)} gave back other bytes than were written to {sourceAddress}."));
            }
        }));

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) => PageIoThreads.Post(() =>
    {
        try
        {
            if (_segments.TryRemove(segment, out Lazy<Segment>? removed))
            {
                removed.Value.File.Dispose();
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
        foreach (Lazy<Segment> segment in _segments.Values)
        {
            segment.Value.File.Dispose();
        }

        _segments.Clear();
    }

    private string PathOf(int segment) => $"{FileName}.{segment}";

    private Segment SegmentOf(int number) => _segments.GetOrAdd(number, static (key, device) => new(() => device.Create(key)), this).Value;

    private Segment Create(int number) => new(disk.Open(PathOf(number), create: true), new SectorChecksums(SegmentSize));

    private void Transfer(DeviceIOCompletionCallback callback, object context, uint byteCount, Action transfer)
    {
        uint error = 0;
        try
        {
            transfer();
        }
        catch (Exception failure)
        {
            // Any exception: on a thread of its own it would end the process, and FASTER would wait for the callback.
            _failure ??= failure;
            error = uint.MaxValue;
        }

        callback(error, error == 0 ? byteCount : 0, context);
    }

    private sealed record Segment(IDiskFile File, SectorChecksums Checksums);
}
