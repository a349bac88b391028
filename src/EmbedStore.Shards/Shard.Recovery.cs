using System.Diagnostics;
using System.Text;

namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Opens the shard in a folder, or makes one there: takes the lock, takes the next owner epoch, reads and checks the whole log.</summary>
    /// <param name="folder">Of this shard alone; on storage that lasts.</param>
    /// <param name="scratchFolder">Of this shard alone, and emptied; may be lost at any time the shard is closed.</param>
    /// <param name="format">What the rows are made of: the same at each opening.</param>
    /// <param name="options">Sizes and promises.</param>
    /// <param name="cancellation">Between records of the log.</param>
    /// <exception cref="ShardLockedException">Somebody else has the shard open.</exception>
    /// <exception cref="ShardDamagedException">A file does not hold what was written to it; which one, and where.</exception>
    /// <exception cref="DiskFullException">There is no room for the scratch of the rows.</exception>
    /// <exception cref="ArgumentException">The shard was made with another format, or an option is outside its range.</exception>
    public static Task<Shard> OpenAsync(string folder, string scratchFolder, RowFormat format, ShardOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(scratchFolder);
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        return Task.Run(() => Open(Path.GetFullPath(folder), Path.GetFullPath(scratchFolder), format, options, cancellation), cancellation);
    }

    private static Shard Open(string folder, string scratchFolder, RowFormat format, ShardOptions options, CancellationToken cancellation)
    {
        using Activity? span = ShardMeters.Activities.StartActivity(EmbedStoreTelemetry.Spans.ShardOpen);
        using var opening = new Opening();
        MakeFolder(options.Disk, folder);
        opening.Lock = options.Disk.TryLock(Path.Combine(folder, "lock")) ?? throw new ShardLockedException(folder);
        OwnerRecord owner = OwnerRecord.Advance(options.Disk, folder, format);
        opening.RecordSeed = RecordHeader.Seed(owner.Identity);
        opening.Rows = new RowStore(format, options, scratchFolder);
        opening.Updater = new RowUpdater(format, opening.Rows, options.Mirror);
        LogEnd end = Replay(folder, scratchFolder, owner, format, options, opening, cancellation);
        opening.Updater.ReadsMirror = true;
        opening.Log = new LogWriter(options.Disk, folder, owner, end, options.SegmentByteCountMax);
        opening.CutByteCount = end.CutByteCount;
        if (end.CutByteCount > 0)
        {
            ShardLog.LogTailCut(options.Logger, folder, end.CutByteCount, end.LastLsn);
        }

        var shard = new Shard(folder, scratchFolder, format, options, opening);
        opening.HandOver();
        ShardLog.ShardOpened(options.Logger, folder, owner.Epoch, shard.RowCount, shard.Version);
        return shard;
    }

    private static void MakeFolder(IDisk disk, string folder)
    {
        disk.CreateFolder(folder);
        if (Path.GetDirectoryName(folder) is { } parent)
        {
            disk.FlushFolder(parent);
        }
    }

    private static LogEnd Replay(string folder, string scratchFolder, OwnerRecord owner, RowFormat format, ShardOptions options, Opening opening, CancellationToken cancellation)
    {
        bool Visit(in RecordHeader header, ReadOnlySpan<byte> record)
        {
            // No record touches more rows than it has row ids.
            long growth = opening.Rows!.ScratchGrowth(record.Length / sizeof(long));
            if (growth > 0)
            {
                SpaceGuard.Require(options, scratchFolder, growth);
            }

            return ApplyRecord(opening.Updater!, opening.Writers, format, header, record) is not null;
        }

        return new LogRecovery(options.Disk, folder, owner).Run(Visit, cancellation);
    }

    /// <summary>Applies a record's bytes to rows and writers: the same code when it was just committed and when it is replayed.</summary>
    /// <returns>Distinct rows touched, or null when the payload does not fit itself.</returns>
    private static long? ApplyRecord(RowUpdater updater, WriterTable writers, RowFormat format, in RecordHeader header, ReadOnlySpan<byte> record)
    {
        if (!WritePayload.TryRead(record[header.PayloadOffset..], format, out RowChange change))
        {
            return null;
        }

        long touched = updater.Apply(change, header.Lsn, header.WrittenAt);
        if (header.WriterNameByteCount > 0)
        {
            string name = Encoding.UTF8.GetString(record.Slice(LogFormat.RecordHeaderByteCount, header.WriterNameByteCount));
            writers.Record(new WriterStamp(name, header.WriterEpoch, header.WriterSequence, change.Parts.ToArray()), change.Step.Number);
        }

        return touched;
    }

    /// <summary>What an opening holds so far, given back if it fails.</summary>
    private sealed class Opening : IDisposable
    {
        private bool _handedOver;

        public IDisposable? Lock { get; set; }

        public RowStore? Rows { get; set; }

        public RowUpdater? Updater { get; set; }

        public WriterTable Writers { get; } = new();

        public LogWriter? Log { get; set; }

        public uint RecordSeed { get; set; }

        public long CutByteCount { get; set; }

        public void HandOver() => _handedOver = true;

        public void Dispose()
        {
            if (!_handedOver)
            {
                Log?.Dispose();
                Rows?.Dispose();
                Lock?.Dispose();
            }
        }
    }
}
