namespace EmbedStore.Shards;

/// <summary>Makes the log of earlier owners one that cannot change any more, whatever they still do: between the claim and the reading of it.</summary>
/// <remarks>
/// What an earlier owner acknowledged was in its files before the claim, for it looks for claims in between. What it wrote later, or still writes, stands behind everything that it
/// ever knew to be flushed: it may come, go and be overwritten there. So its last segment is sealed at that place, and whole records behind it are written again, into a
/// segment of the new owner. Nothing is changed in the files of earlier owners.
/// </remarks>
internal static class TakeOver
{
    /// <summary>An earlier owner may cut or delete one file after it was listed; it looks for claims before it does so again.</summary>
    private const int AttemptCountMax = 3;

    /// <summary>Seals the log and says what counts: on stable storage when this returns.</summary>
    /// <param name="disk">Where the folder is.</param>
    /// <param name="folder">Of the shard.</param>
    /// <param name="owner">Whose claim is on stable storage.</param>
    /// <param name="cancellation">Between records.</param>
    /// <returns>What counts from now on, and the unfinished bytes at the log's end, which do not.</returns>
    /// <exception cref="ShardDamagedException">The end of the log is damaged. Nothing was changed.</exception>
    public static (FolderView View, long PassedOverByteCount) Run(IDisk disk, string folder, OwnerRecord owner, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return RunOnce(disk, folder, owner, cancellation);
            }
            catch (IOException e) when (e is not DiskFullException && attempt < AttemptCountMax)
            {
            }
        }
    }

    private static (FolderView View, long PassedOverByteCount) RunOnce(IDisk disk, string folder, OwnerRecord owner, CancellationToken cancellation)
    {
        FolderView before = FolderView.Of(disk, folder);
        if (before.TakeOver is { } last && last.Identity != owner.Identity)
        {
            throw new ShardDamagedException(Path.Combine(folder, TakeOverRecord.NameOf(last.Epoch)), 16, "it belongs to another shard.");
        }

        IReadOnlyList<SnapshotName> snapshots = before.Snapshots();
        LogTail? tail = new LogRecovery(disk, before, owner).FindTail(cancellation);
        var segments = new List<SealedSegment>();
        foreach (string name in before.SegmentNames().TakeWhile(name => name != tail?.Segment).Where(name => tail is not null || before.IsSealed(name)))
        {
            segments.Add(new SealedSegment(name, before.IsSealed(name) ? before.ByteCountMax(name) : LengthOf(disk, Path.Combine(folder, name))));
        }

        if (tail is not null)
        {
            // Of one that was just begun not even the head is known to be flushed.
            segments.Add(new SealedSegment(tail.Segment, tail.SyncedOffset > LogFormat.SegmentHeaderByteCount ? tail.SyncedOffset : 0));
            TailCopy.Write(disk, folder, owner, tail);
        }

        var takeOver = new TakeOverRecord(owner.Identity, owner.Epoch, Math.Max(tail?.LastLsn ?? 0, before.TakeOver?.LastLsn ?? 0), segments, snapshots);
        takeOver.Save(disk, folder);
        return (new FolderView(disk, folder, takeOver), tail is null ? 0 : tail.ByteCount - tail.EndOffset);
    }

    private static long LengthOf(IDisk disk, string path)
    {
        using IDiskFile file = disk.Open(path, create: false);
        return file.Length;
    }
}
