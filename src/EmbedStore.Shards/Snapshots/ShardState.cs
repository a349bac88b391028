using System.Text;

namespace EmbedStore.Shards;

/// <summary>What a shard holds, built up from a snapshot and the records behind it. One thread at a time.</summary>
internal sealed class ShardState : IDisposable
{
    private readonly RowFormat _format;
    private readonly ShardOptions _options;
    private readonly string _scratchFolder;

    /// <param name="format">What rows are made of.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="scratchFolder">Emptied first.</param>
    /// <exception cref="DiskFullException">There is no room for scratch.</exception>
    public ShardState(RowFormat format, ShardOptions options, string scratchFolder)
    {
        (_format, _options, _scratchFolder) = (format, options, scratchFolder);
        Rows = new RowStore(format, options, scratchFolder);
        Vocabulary = new ShardVocabulary(format, options);
        Updater = new RowUpdater(format, Rows, Vocabulary, options.Mirror);
        Keys = format.Keyed ? new KeyDirectory() : null;
    }

    public RowStore Rows { get; }

    public ShardVocabulary Vocabulary { get; }

    public RowUpdater Updater { get; }

    public WriterTable Writers { get; } = new();

    /// <summary>Where rows have keys: which row each key has.</summary>
    public KeyDirectory? Keys { get; }

    /// <summary>Loads a snapshot into a state that holds nothing yet. After an exception the state is of no use.</summary>
    /// <exception cref="ShardDamagedException">The snapshot is not what was written.</exception>
    public void Load(SnapshotFolder folder, SnapshotName name, SnapshotManifest manifest, CancellationToken cancellation)
    {
        using SnapshotReader reader = folder.Open(name, manifest);
        while (reader.TryNext())
        {
            cancellation.ThrowIfCancellationRequested();
            if (!TryLoad(reader, manifest))
            {
                throw reader.Senseless();
            }
        }

        Updater.StepNumber = manifest.StepNumber;
    }

    /// <summary>Applies a record's bytes: the same code when it was just committed and when it is replayed.</summary>
    /// <param name="header">Of the record.</param>
    /// <param name="record">Its bytes.</param>
    /// <param name="ticks">When it used its rows.</param>
    /// <returns>Distinct rows touched, or null when the payload does not fit itself.</returns>
    public long? Apply(in RecordHeader header, ReadOnlySpan<byte> record, in WriteTicks ticks) =>
        WritePayload.TryRead(record[header.PayloadOffset..], _format, out RowChange change) ? Apply(header, record, change, ticks) : null;

    /// <summary>Applies a record that is read from the log, once there is room for what it may do to scratch: as much as the write of it asked for.</summary>
    /// <returns>False when the payload does not fit itself.</returns>
    /// <exception cref="DiskFullException">There is no room.</exception>
    public bool Replay(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        if (!WritePayload.TryRead(record[header.PayloadOffset..], _format, out RowChange change))
        {
            return false;
        }

        RequireScratch(change.RowIds.Length);
        if (Keys is not null && !TryAddKeys(Keys, change))
        {
            return false;
        }

        Apply(header, record, change, WriteTicks.AtOnce(header.Lsn));
        CompactBehindWrites();
        return true;
    }

    /// <summary>Gives back scratch in step with what was applied since the last call.</summary>
    /// <returns>False when there is nothing that could be given back now.</returns>
    public bool CompactBehindWrites() => Rows.CompactBehindWrites(Goal);

    /// <summary>Gives back a little scratch.</summary>
    /// <returns>False when there is nothing that could be given back now.</returns>
    public bool CompactStep() => Rows.CompactStep(Goal);

    public void Dispose() => Rows.Dispose();

    private long Apply(in RecordHeader header, ReadOnlySpan<byte> record, in RowChange change, in WriteTicks ticks)
    {
        long touched = Updater.Apply(change, header.Lsn, header.WrittenAt, ticks);
        if (header.WriterNameByteCount > 0)
        {
            string name = Encoding.UTF8.GetString(record.Slice(LogFormat.RecordHeaderByteCount, header.WriterNameByteCount));
            Writers.Record(new WriterStamp(name, header.WriterEpoch, header.WriterSequence, change.Parts.ToArray()), change.Step.Number);
        }

        return touched;
    }

    private static bool TryAddKeys(KeyDirectory keys, in RowChange change)
    {
        ReadOnlySpan<byte> bytes = change.KeyBytes;
        for (int entry = 0; entry < change.KeyHeads.Length; entry++)
        {
            int length = KeyPart.LengthOf(change.KeyHeads[entry]);
            if (!keys.TryAdd(change.RowIds[entry], bytes[..length]))
            {
                return false;
            }

            bytes = bytes[length..];
        }

        keys.Publish();
        return true;
    }

    private CompactionGoal Goal
    {
        get
        {
            long goneRowCount = Math.Max(0, Updater.StoredRowCount - Updater.LiveRowCount - Rows.ForgottenRowCount);
            return new(Rows.NeededByteCount(Updater.LiveRowCount, Math.Min(goneRowCount, Vocabulary.Gone.RememberedCount)), Vocabulary.Gone.ForgottenTo);
        }
    }

    private bool TryLoad(SnapshotReader block, SnapshotManifest manifest)
    {
        ReadOnlySpan<byte> payload = block.Payload.Span;
        switch (block.Kind)
        {
            case SnapshotBlockKind.Rows:
                return TryLoadRows(payload, block.EntryCount, SnapshotEntry.ByteCount(Rows.ImageByteCount), manifest);
            case SnapshotBlockKind.GoneRows:
                return TryLoadRows(payload, block.EntryCount, SnapshotEntry.ByteCount(RowImage.DataOffset), manifest);
            case SnapshotBlockKind.Writers:
                return SnapshotWriters.TryRead(payload, block.EntryCount, Writers);
            case SnapshotBlockKind.Vocabulary:
                return Vocabulary.Restore(payload);
            case SnapshotBlockKind.Keys:
                return Keys is not null && SnapshotKeys.TryRead(payload, block.EntryCount, Keys);
            default:
                return block.Kind == SnapshotBlockKind.End;
        }
    }

    private bool TryLoadRows(ReadOnlySpan<byte> entries, int entryCount, int entryByteCount, SnapshotManifest manifest)
    {
        if (entries.Length != (long)entryCount * entryByteCount || NewestLsn(entries, entryByteCount) > manifest.LastLsn)
        {
            return false;
        }

        RequireScratch(entryCount);
        Updater.Load(entries, entryByteCount, manifest.CoveredLsn);
        return true;
    }

    /// <summary>A row that is newer than its snapshot would ignore the writes behind it.</summary>
    private static long NewestLsn(ReadOnlySpan<byte> entries, int entryByteCount)
    {
        long newest = 0;
        for (; !entries.IsEmpty; entries = entries[entryByteCount..])
        {
            newest = Math.Max(newest, SnapshotEntry.Lsn(entries));
        }

        return newest;
    }

    private void RequireScratch(long rowCount)
    {
        // What compaction had given back when the shard was closed, the log may have taken since: half of the reserve is for that.
        long growth = Rows.ScratchGrowth(rowCount);
        if (growth > 0)
        {
            SpaceGuard.Require(_options, _scratchFolder, growth - (_options.ReserveByteCount / 2));
        }
    }
}
