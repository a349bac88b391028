namespace EmbedStore.Shards;

/// <summary>Makes the folder of a shard that begins with given rows: its first snapshot, and no log.</summary>
/// <remarks>The shard can be opened once <see cref="Complete"/> has returned. One thread at a time.</remarks>
public sealed class ShardSeed : IDisposable
{
    private const long BytesBetweenChecks = 8 << 20;

    private readonly SnapshotFolder _snapshots;
    private readonly string _folder;
    private readonly ShardOptions _options;
    private readonly OwnerRecord _owner;
    private readonly SnapshotWriter _writer;
    private readonly ShardVocabulary _vocabulary;
    private readonly long _id;
    private long _checkedByteCount;
    private long _rowCount;

    /// <param name="folder">Must not hold a shard.</param>
    /// <param name="format">What the rows are made of.</param>
    /// <param name="options">Of the disk.</param>
    /// <param name="id">Of the shard's first snapshot.</param>
    public ShardSeed(string folder, RowFormat format, ShardOptions options, long id)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_folder, _options, _id) = (folder, options, id);
        options.Disk.CreateFolder(folder);
        options.Disk.FlushFolder(Path.GetDirectoryName(folder)!);
        _owner = OwnerRecord.Advance(options.Disk, folder, format);
        _vocabulary = new ShardVocabulary(format, options);
        _snapshots = new SnapshotFolder(options.Disk, new FolderView(options.Disk, folder, takeOver: null));
        _writer = new SnapshotWriter(options.Disk, _snapshots.RowsPath(_snapshots.OwnName(id)), _owner.Identity, id);
    }

    /// <summary>Gives the shard what is known of a writer.</summary>
    public void AddWriter(string name, WriterState state) => SnapshotWriters.Write(_writer, name, state);

    /// <summary>Ends the shard's first snapshot: it exists when this returns.</summary>
    /// <param name="version">No row is newer; the shard's writes get higher ones.</param>
    /// <param name="stepNumber">Highest step of the optimizer.</param>
    /// <param name="restoredFrom">The snapshot that the rows come from.</param>
    public SnapshotInfo Complete(long version, long stepNumber, long restoredFrom)
    {
        byte[] vocabulary = _vocabulary.Capture();
        vocabulary.CopyTo(_writer.Reserve(SnapshotBlockKind.Vocabulary, vocabulary.Length));
        _writer.Complete();
        var manifest = new SnapshotManifest(
            SnapshotFormat.Version, _owner.Identity, _owner.Format, _id, version, version, LogSegment: null, _owner.Epoch, stepNumber,
            _rowCount, _writer.ByteCount, _writer.Checksum, _options.Time.GetUtcNow(), restoredFrom);
        SnapshotName name = _snapshots.OwnName(_id);
        _snapshots.Verify(name, manifest, static () => { });
        manifest.Save(_options.Disk, _snapshots.ManifestPath(name));
        return SnapshotInfo.Of(manifest);
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    /// <summary>The shard's records are not older than this.</summary>
    internal void AdvanceClock(long clock) => _vocabulary.Begin(clock);

    /// <summary>Gives the shard an id that is counted towards admission.</summary>
    internal void AddCandidate(long rowId, long lsn, int updateCount) => _vocabulary.Admission?.Restore(rowId, lsn, updateCount);

    internal void Add(KeyEntry key)
    {
        RequireSpace();
        SnapshotKeys.Write(_writer, key);
    }

    internal void Add(ScannedRow row)
    {
        RequireSpace();
        SnapshotRows.Write(_writer, row);
        _rowCount += RowImage.IsGone(row.Image.Span) ? 0 : 1;
    }

    private void RequireSpace()
    {
        if (_writer.ByteCount >= _checkedByteCount)
        {
            SpaceGuard.Require(_options, _folder, 2 * BytesBetweenChecks);
            _checkedByteCount = _writer.ByteCount + BytesBetweenChecks;
        }
    }
}
