using System.Diagnostics;

namespace EmbedStore.Shards;

public sealed partial class Shard
{
    /// <summary>Opens the shard in a folder, or makes one there: takes the lock or claims the folder, takes the next owner epoch, loads the newest snapshot, reads and checks the log behind it.</summary>
    /// <param name="folder">Of this shard alone; on storage that lasts.</param>
    /// <param name="scratchFolder">Of this shard alone, and emptied; may be lost at any time the shard is closed.</param>
    /// <param name="format">What the rows are made of: the same at each opening.</param>
    /// <param name="options">Sizes and promises.</param>
    /// <param name="cancellation">Between records of the log.</param>
    /// <exception cref="ShardLockedException">Somebody else has the shard open, and <see cref="ShardOptions.Ownership"/> is by lock, or was until now.</exception>
    /// <exception cref="ShardClaimedException">Somebody else claimed the shard at the same time, or while it was read.</exception>
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
        if (options.Mirror is not null && (format.TimeToLiveMilliseconds is not null || format.AdmissionCount > 1))
        {
            throw new ArgumentException("A mirror does not know which rows have expired or were not admitted.", nameof(options));
        }

        return Task.Run(() => Open(Path.GetFullPath(folder), Path.GetFullPath(scratchFolder), format, options, cancellation), cancellation);
    }

    private static Shard Open(string folder, string scratchFolder, RowFormat format, ShardOptions options, CancellationToken cancellation)
    {
        using Activity? span = ShardMeters.Activities.StartActivity(EmbedStoreTelemetry.Spans.ShardOpen);
        using var opening = new Opening();
        MakeFolder(options.Disk, folder);
        OwnerRecord owner = Own(folder, format, options, opening);
        try
        {
            opening.View = Settle(folder, owner, options, opening, cancellation);
            opening.Snapshot = Load(scratchFolder, owner, format, options, opening, cancellation);
            LogEnd end = Replay(owner, options, opening, cancellation);
            opening.State!.Updater.ReadsMirror = true;
            opening.Log = new LogWriter(options.Disk, opening.View, owner, end, options.SegmentByteCountMax);
            (opening.CutByteCount, opening.ReplayedByteCount) = (opening.CutByteCount + end.CutByteCount, end.ReplayedByteCount);
            opening.Fence?.Require();
        }
        catch (Exception e) when (opening.Fence?.Explains(e) ?? false)
        {
            throw opening.Fence.LossBehind(e);
        }

        if (opening.CutByteCount > 0)
        {
            ShardLog.LogTailCut(options.Logger, folder, opening.CutByteCount, opening.Log.LastLsn);
        }

        var shard = new Shard(folder, scratchFolder, format, options, opening);
        opening.HandOver();
        ShardLog.ShardOpened(options.Logger, folder, owner.Epoch, shard.RowCount, shard.Version);
        return shard;
    }

    /// <summary>Becomes the owner: by the lock, or by a claim, or by both in a folder that was claimed before.</summary>
    private static OwnerRecord Own(string folder, RowFormat format, ShardOptions options, Opening opening)
    {
        IDisk disk = options.Disk;
        bool isByLock = options.Ownership == ShardOwnership.Lock;
        bool wasByLock = disk.FileExists(Path.Combine(folder, OwnerRecord.FileName)) && OwnerClaims.Epochs(disk, folder).Count == 0;
        if (isByLock || wasByLock)
        {
            opening.Lock = disk.TryLock(Path.Combine(folder, "lock")) ?? throw new ShardLockedException(folder);
        }

        OwnerRecord owner;
        if (isByLock && OwnerClaims.Epochs(disk, folder).Count == 0)
        {
            owner = OwnerRecord.Advance(disk, folder, format);
        }
        else
        {
            owner = OwnerClaims.Claim(disk, folder, format, options.OwnerName);
            opening.Fence = new OwnerFence(disk, folder, owner.Epoch, options.Time);
        }

        if (!isByLock)
        {
            // Claims keep others out from here on, and locks would not let them take over.
            opening.Lock?.Dispose();
            opening.Lock = null;
        }

        (opening.Identity, opening.RecordSeed) = (owner.Identity, RecordHeader.Seed(owner.Identity));
        return owner;
    }

    /// <summary>Says which files count, and deletes what a crash or an earlier owner left that do not.</summary>
    private static FolderView Settle(string folder, OwnerRecord owner, ShardOptions options, Opening opening, CancellationToken cancellation)
    {
        if (opening.Fence is null)
        {
            var all = new FolderView(options.Disk, folder, takeOver: null);
            new SnapshotFolder(options.Disk, all).DeleteUnfinished();
            return all;
        }

        (FolderView view, opening.CutByteCount) = TakeOver.Run(options.Disk, folder, owner, cancellation);
        opening.Fence.Require();
        FolderCleaner.Clean(options.Disk, view);
        return view;
    }

    /// <summary>Loads the newest snapshot that is whole and that the log goes on from.</summary>
    /// <returns>Null when there is none, and the log begins with the shard.</returns>
    private static SnapshotManifest? Load(
        string scratchFolder, OwnerRecord owner, RowFormat format, ShardOptions options, Opening opening, CancellationToken cancellation)
    {
        var snapshots = new SnapshotFolder(options.Disk, opening.View!);
        ShardDamagedException? damage = null;
        foreach (SnapshotName name in snapshots.Names())
        {
            opening.State = new ShardState(format, options, scratchFolder);
            try
            {
                SnapshotManifest manifest = snapshots.ManifestOf(name, owner.Identity);
                opening.State.Load(snapshots, name, manifest, cancellation);
                return manifest;
            }
            catch (ShardDamagedException e) when (e is not NewerFormatException)
            {
                ShardLog.SnapshotDamaged(options.Logger, snapshots.Path, name.Id, e);
                damage ??= e;
                opening.State.Dispose();
            }
        }

        // With a log from the beginning no snapshot is needed. Without, the damaged one is the reason that is worth knowing.
        List<string> segments = opening.View!.SegmentNames();
        if (damage is not null && (segments.Count == 0 || LogFormat.PreviousLsnOf(segments[0]) > 0))
        {
            throw damage;
        }

        opening.State = new ShardState(format, options, scratchFolder);
        return null;
    }

    private static void MakeFolder(IDisk disk, string folder)
    {
        disk.CreateFolder(folder);
        if (Path.GetDirectoryName(folder) is { } parent)
        {
            disk.FlushFolder(parent);
        }
    }

    private static LogEnd Replay(OwnerRecord owner, ShardOptions options, Opening opening, CancellationToken cancellation)
    {
        SnapshotManifest? snapshot = opening.Snapshot;
        string folder = opening.View!.Folder;
        if (snapshot?.LogSegment is { } segment && !options.Disk.FileExists(Path.Combine(folder, segment)))
        {
            throw new ShardDamagedException(Path.Combine(folder, segment), 0, FormattableString.Invariant($"it is missing, though snapshot {snapshot.Id} goes on from it."));
        }

        LogEnd end = new LogRecovery(options.Disk, opening.View, owner).Run(snapshot?.CoveredLsn ?? 0, opening.State!.Replay, cancellation);
        return end.LastLsn >= (snapshot?.LastLsn ?? 0)
            ? end
            : throw new ShardDamagedException(
                Path.Combine(folder, end.LastSegment ?? ""), -1, FormattableString.Invariant($"the log ends with record {end.LastLsn}, and snapshot {snapshot!.Id} has rows of record {snapshot.LastLsn}."));
    }

    /// <summary>What an opening holds so far, given back if it fails.</summary>
    private sealed class Opening : IDisposable
    {
        private bool _handedOver;

        public IDisposable? Lock { get; set; }

        public OwnerFence? Fence { get; set; }

        public FolderView? View { get; set; }

        public Guid Identity { get; set; }

        public ShardState? State { get; set; }

        public SnapshotManifest? Snapshot { get; set; }

        public LogWriter? Log { get; set; }

        public uint RecordSeed { get; set; }

        public long CutByteCount { get; set; }

        public long ReplayedByteCount { get; set; }

        public void HandOver() => _handedOver = true;

        public void Dispose()
        {
            if (!_handedOver)
            {
                Log?.Dispose();
                State?.Dispose();
                Lock?.Dispose();
            }
        }
    }
}
