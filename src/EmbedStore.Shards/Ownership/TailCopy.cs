using System.Buffers;

namespace EmbedStore.Shards;

/// <summary>The records at the end of an earlier owner's log, written again by the new owner: that one may still be writing there.</summary>
internal static class TailCopy
{
    private const int BufferByteCount = 1 << 20;

    /// <summary>Makes a segment of the records behind what was flushed; none when there are no such. It is on stable storage when this returns.</summary>
    /// <exception cref="IOException">The records are not there any more, or it could not be written.</exception>
    public static void Write(IDisk disk, string folder, OwnerRecord owner, LogTail tail)
    {
        uint seed = RecordHeader.Seed(owner.Identity);
        using var reader = new SegmentReader(disk.Open(Path.Combine(folder, tail.Segment), create: false), tail.EndOffset);
        IDiskFile? file = null;
        try
        {
            var buffer = new ArrayBufferWriter<byte>();
            long written = 0;
            for (long offset = tail.SyncedOffset; offset < tail.EndOffset;)
            {
                RecordHeader header = HeaderAt(reader, offset, seed, tail.Segment);
                if (header.Kind == RecordKind.Write)
                {
                    file ??= Begin(disk, folder, owner, header.PreviousLsn, buffer);
                    Append(header, reader.At(offset, header.ByteCount), owner.Epoch, seed, buffer);
                }

                offset += header.ByteCount;
                if (file is not null && (buffer.WrittenCount >= BufferByteCount || offset >= tail.EndOffset))
                {
                    file.Write(buffer.WrittenSpan, written);
                    written += buffer.WrittenCount;
                    buffer.ResetWrittenCount();
                }
            }

            file?.Flush();
            disk.FlushFolder(folder);
        }
        finally
        {
            file?.Dispose();
        }
    }

    private static RecordHeader HeaderAt(SegmentReader reader, long offset, uint seed, string segment)
    {
        int byteCount = RecordHeader.PlausibleByteCount(reader.At(offset, LogFormat.RecordHeaderByteCount), reader.Length - offset);
        return byteCount > 0 && RecordHeader.TryRead(reader.At(offset, byteCount), seed, out RecordHeader header)
            ? header
            : throw new IOException($"{segment} changed while it was read.");
    }

    private static IDiskFile Begin(IDisk disk, string folder, OwnerRecord owner, long previousLsn, ArrayBufferWriter<byte> buffer)
    {
        string path = Path.Combine(folder, LogFormat.SegmentName(previousLsn, owner.Epoch));

        // Of an attempt before this one. It does not count: there is no take-over of this epoch yet.
        disk.Delete(path);
        new SegmentHeader(owner.Identity, previousLsn, owner.Epoch).WriteTo(buffer.GetSpan(LogFormat.SegmentHeaderByteCount));
        buffer.Advance(LogFormat.SegmentHeaderByteCount);
        return disk.Open(path, create: true);
    }

    /// <summary>What a record did stays as it is; who wrote it and what was flushed before are the new owner's.</summary>
    private static void Append(in RecordHeader header, ReadOnlySpan<byte> record, long epoch, uint seed, ArrayBufferWriter<byte> buffer)
    {
        Span<byte> copy = buffer.GetSpan(record.Length)[..record.Length];
        record.CopyTo(copy);
        (header with { OwnerEpoch = epoch, SyncedOffset = 0 }).Seal(copy, seed);
        buffer.Advance(record.Length);
    }
}
