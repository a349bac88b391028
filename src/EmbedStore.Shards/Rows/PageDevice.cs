using System.Collections.Concurrent;
using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>FASTER's device over <see cref="IDisk"/>: positional, checked, and it remembers the first failure, which FASTER itself only logs.</summary>
/// <remarks>The pages are scratch: nothing here is flushed, and the folder is emptied at each open.</remarks>
internal sealed class PageDevice(IDisk disk, string folder, long pageByteCount) : StorageDeviceBase(Path.Combine(folder, "pages"), SectorChecksums.SectorByteCount, Devices.CAPACITY_UNSPECIFIED)
{
    private readonly ConcurrentDictionary<int, Lazy<Segment>> _segments = new();
    private readonly object _gate = new();
    private int _inFlight;
    private bool _closed;
    private volatile Exception? _failure;

    /// <summary>Why rows can no longer be trusted to be where FASTER thinks, or null.</summary>
    public Exception? Failure => _failure;

    /// <summary>What was written and not removed. Unit: bytes.</summary>
    public long ByteCount => _segments.Values.Sum(static segment => segment.IsValueCreated ? segment.Value.ByteCount : 0);

    public override void WriteAsync(IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
        Post(() =>
        {
            Try(() => Write(sourceAddress, segmentId, (long)destinationAddress, numBytesToWrite));

            // A failed write is called done: FASTER would wait for its page for ever, and the failure keeps every row from being served anyway.
            callback(0, numBytesToWrite, context);
        });

    public override void ReadAsync(int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
        Post(() =>
        {
            bool done = Try(() => Read(segmentId, (long)sourceAddress, destinationAddress, readLength));
            callback(done ? 0 : uint.MaxValue, done ? readLength : 0, context);
        });

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) => Post(() =>
    {
        Try(() =>
        {
            if (_segments.TryRemove(segment, out Lazy<Segment>? removed))
            {
                removed.Value.File.Dispose();
                disk.Delete(PathOf(segment));
            }
        });
        callback(result);
    });

    /// <summary>Deletes, soon, the files of what lies before an address. Nobody reads or writes there any more.</summary>
    public void DeleteBefore(long address)
    {
        foreach (int segment in _segments.Keys.Where(segment => (segment + 1L) * SegmentSize <= address))
        {
            RemoveSegmentAsync(segment, static _ => { }, null!);
        }
    }

    /// <summary>Waits for every transfer that is under way. Those that come later do nothing: FASTER is about to free their memory.</summary>
    public void Drain()
    {
        lock (_gate)
        {
            while (_inFlight > 0)
            {
                Monitor.Wait(_gate);
            }

            _closed = true;
        }
    }

    public override void Dispose()
    {
        Drain();
        foreach (Lazy<Segment> segment in _segments.Values.Where(segment => segment.IsValueCreated))
        {
            segment.Value.File.Dispose();
        }

        _segments.Clear();
    }

    private void Post(Action transfer)
    {
        lock (_gate)
        {
            _inFlight++;
        }

        PageIoThreads.Post(() =>
        {
            transfer();
            lock (_gate)
            {
                _inFlight--;
                Monitor.PulseAll(_gate);
            }
        });
    }

    private string PathOf(int segment) => $"{FileName}.{segment}";

    private Segment SegmentOf(int number) => _segments.GetOrAdd(number, static (key, device) => new(() => device.Create(key)), this).Value;

    private Segment Create(int number) => new(disk.Open(PathOf(number), create: true), new SectorChecksums(SegmentSize));

    private void Write(nint source, int number, long offset, uint byteCount)
    {
        Segment segment = SegmentOf(number);
        ReadOnlySpan<byte> bytes = PageMemory.At(source, byteCount);
        segment.Checksums.Remember(bytes, offset);
        segment.File.Write(bytes, offset);
        segment.Grow(offset + byteCount);
    }

    private void Read(int number, long offset, nint destination, uint byteCount)
    {
        Segment segment = SegmentOf(number);
        Span<byte> bytes = PageMemory.At(destination, byteCount);

        // A record may be shorter than what is read for it, but none goes beyond its page. The next page may be on its way to the file just now.
        long pageOffset = offset % pageByteCount;
        if (pageOffset > 0 && pageOffset + byteCount > pageByteCount)
        {
            bytes[(int)(pageByteCount - pageOffset)..].Clear();
            bytes = bytes[..(int)(pageByteCount - pageOffset)];
        }

        // A read is rounded up to sectors, so the last one may reach past what was written.
        bytes[segment.File.Read(bytes, offset)..].Clear();
        if (!segment.Checksums.Check(bytes, offset))
        {
            throw new IOException(FormattableString.Invariant($"{PathOf(number)} gave back other bytes than were written to {offset}."));
        }
    }

    // Catches everything: on a thread of its own an exception would end the process, and FASTER would wait for its callback.
    private bool Try(Action transfer)
    {
        try
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
            }

            transfer();
            return true;
        }
        catch (Exception failure)
        {
            _failure ??= failure;
            return false;
        }
    }

    private sealed record Segment(IDiskFile File, SectorChecksums Checksums)
    {
        private long _byteCount;

        public long ByteCount => Volatile.Read(ref _byteCount);

        // Pages may end out of order.
        public void Grow(long byteCount) => AtomicMax.Raise(ref _byteCount, byteCount);
    }
}
