using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>Applies the writes of the log to the rows: live, and again at recovery. One thread.</summary>
/// <remarks>
/// Row by row: whatever a record does to a row is done in one change, after which the row carries the record's LSN. A row that carries it already,
/// or a later one, is left alone: so applying a record again does nothing.
/// </remarks>
internal sealed class RowUpdater
{
    private const int ChunkByteCount = 1 << 20;

    private readonly RowFormat _format;
    private readonly RowStore _rows;
    private readonly ShardVocabulary _vocabulary;
    private readonly IRowMirror? _mirror;
    private readonly int _imageByteCount;
    private readonly int _chunkRowCount;
    private readonly byte[] _images;
    private readonly long[] _rowIds;
    private readonly int[] _places;
    private readonly RowStatus[] _statuses;
    private readonly bool[] _changed;
    private readonly byte[] _scaledValues;
    private readonly RowTrainer? _trainer;
    private readonly EntryOrder _order = new();
    private byte[]? _before;

    /// <param name="format">What a row is made of.</param>
    /// <param name="rows">Changed first.</param>
    /// <param name="vocabulary">Asked first, and told what rows there are.</param>
    /// <param name="mirror">Changed last; null: none.</param>
    public RowUpdater(RowFormat format, RowStore rows, ShardVocabulary vocabulary, IRowMirror? mirror = null)
    {
        (_format, _rows, _vocabulary, _mirror, _imageByteCount) = (format, rows, vocabulary, mirror, rows.ImageByteCount);
        _chunkRowCount = Math.Clamp(ChunkByteCount / _imageByteCount, 1, 1024);
        _images = GC.AllocateUninitializedArray<byte>(_chunkRowCount * _imageByteCount, pinned: true);
        _rowIds = new long[_chunkRowCount];
        _places = new int[_chunkRowCount + 1];
        _statuses = new RowStatus[_chunkRowCount];
        _changed = new bool[_chunkRowCount];
        _trainer = RowTrainer.Of(format);
        _scaledValues = new byte[format.ScaledByRow ? format.ValueByteCount : 0];
    }

    /// <summary>Set once the log was replayed: until then the mirror may know rows of an opening that failed.</summary>
    public bool ReadsMirror { get; set; }

    /// <summary>Rows that have data: those that a read finds, and those that expired and were not purged yet.</summary>
    public long LiveRowCount
    {
        get;
        private set
        {
            _mirror?.Resize(value - field);
            field = value;
        }
    }

    /// <summary>Rows that the store has: those that a read finds, and those that are missing and know why.</summary>
    public long StoredRowCount { get; private set; }

    /// <summary>Highest number of a step that was applied; 0 for none.</summary>
    public long StepNumber { get; set; }

    /// <summary>Applies one record.</summary>
    /// <param name="change">What it does.</param>
    /// <param name="lsn">Of the record.</param>
    /// <param name="writtenAt">Of the record.</param>
    /// <param name="ticks">When it used its rows.</param>
    /// <returns>Distinct rows touched.</returns>
    public long Apply(in RowChange change, long lsn, long writtenAt, in WriteTicks ticks)
    {
        _vocabulary.Begin(writtenAt);
        StepNumber = Math.Max(StepNumber, change.Step.Number);
        _order.Group(change.RowIds);
        long touched = 0;
        for (int place = 0; place < _order.Count;)
        {
            int rowCount = 0;
            for (; rowCount < _chunkRowCount && place < _order.Count; rowCount++)
            {
                _rowIds[rowCount] = change.RowIds[_order.EntryAt(place)];
                _places[rowCount] = place;
                place = _order.EndOfRow(change.RowIds, place);
            }

            _places[rowCount] = place;
            touched += ApplyChunk(change, rowCount, lsn, writtenAt, ticks);
        }

        Forget(change);
        return touched;
    }

    /// <summary>Puts rows of a snapshot into the store, before the log is replayed.</summary>
    /// <param name="entries">Shape [n, <paramref name="entryByteCount"/>]: see <see cref="SnapshotEntry"/>.</param>
    /// <param name="entryByteCount">Unit: bytes.</param>
    /// <param name="coveredLsn">A row that was changed later may come more than once, the newest last.</param>
    public void Load(ReadOnlySpan<byte> entries, int entryByteCount, long coveredLsn)
    {
        while (!entries.IsEmpty)
        {
            int rowCount = 0;
            bool mayExist = false;
            for (; rowCount < _chunkRowCount && !entries.IsEmpty && !mayExist; entries = entries[entryByteCount..])
            {
                bool isNewer = SnapshotEntry.Lsn(entries) > coveredLsn;
                if (isNewer && rowCount > 0)
                {
                    break;
                }

                mayExist = isNewer;
                _rowIds[rowCount] = SnapshotEntry.RowId(entries);
                SnapshotEntry.CopyImage(entries[..entryByteCount], _images.AsSpan(rowCount * _imageByteCount, _imageByteCount));
                rowCount++;
            }

            LoadChunk(rowCount, mayExist);
        }
    }

    private void LoadChunk(int rowCount, bool mayExist)
    {
        ReadOnlySpan<long> rowIds = _rowIds.AsSpan(0, rowCount);
        if (mayExist)
        {
            _before ??= new byte[_imageByteCount];
            _rows.ReadImages(rowIds, _before, _statuses.AsMemory(0, 1));
            if (_statuses[0] != RowStatus.NeverWritten && RowImage.Lsn(_before) >= RowImage.Lsn(_images))
            {
                return;
            }

            LiveRowCount -= _statuses[0] == RowStatus.Found ? 1 : 0;
            StoredRowCount -= _statuses[0] == RowStatus.NeverWritten ? 0 : 1;
        }

        for (int row = 0; row < rowCount; row++)
        {
            Span<byte> image = _images.AsSpan(row * _imageByteCount, _imageByteCount);
            bool gone = RowImage.IsGone(image);
            if (gone)
            {
                RowImage.Seal(image, rowIds[row], RowImage.Lsn(image), RowImage.WrittenAt(image), RowImage.Status(image));
            }

            LiveRowCount += gone ? 0 : 1;
            Note(rowIds[row], gone, RowImage.Lsn(image), 1);
            _mirror?.Write(rowIds[row], RowImage.Lsn(image), gone ? [] : image.Slice(RowImage.DataOffset, _format.DataByteCount));
        }

        StoredRowCount += rowCount;
        _changed.AsSpan(0, rowCount).Fill(true);
        _rows.WriteImages(rowIds, _images.AsSpan(0, rowCount * _imageByteCount), _changed.AsSpan(0, rowCount));
    }

    private long ApplyChunk(in RowChange change, int rowCount, long lsn, long writtenAt, in WriteTicks ticks)
    {
        ReadOnlySpan<long> rowIds = _rowIds.AsSpan(0, rowCount);
        int byteCount = rowCount * _imageByteCount;
        ReadImages(rowIds, byteCount);
        RowStatus after = StatusAfter(change.Kind);
        long touched = 0;
        for (int row = 0; row < rowCount; row++)
        {
            Span<byte> image = _images.AsSpan(row * _imageByteCount, _imageByteCount);
            _changed[row] = IsChanged(change, row, image, lsn);
            if (!_changed[row])
            {
                continue;
            }

            touched++;
            StoredRowCount += _statuses[row] == RowStatus.NeverWritten ? 1 : 0;
            Change(change, row, lsn, image);
            RowImage.Seal(image, rowIds[row], lsn, writtenAt, after);
            Note(rowIds[row], after != RowStatus.Found, ticks[_order.EntryAt(_places[row + 1] - 1)], _places[row + 1] - _places[row]);
        }

        _rows.WriteImages(rowIds, _images.AsSpan(0, byteCount), _changed.AsSpan(0, rowCount));
        WriteMirror(rowIds, lsn, after != RowStatus.Found);
        return touched;
    }

    private static RowStatus StatusAfter(RowWriteKind kind) => kind switch
    {
        RowWriteKind.Erase => RowStatus.Erased,
        RowWriteKind.Evict => RowStatus.Evicted,
        RowWriteKind.Purge => RowStatus.Expired,
        _ => RowStatus.Found,
    };

    /// <summary>Whether a record changes one of its rows. It depends on records alone, on this and earlier ones, so a replay decides the same.</summary>
    private bool IsChanged(in RowChange change, int row, ReadOnlySpan<byte> image, long lsn)
    {
        RowStatus stored = _statuses[row];
        if (stored != RowStatus.NeverWritten && RowImage.Lsn(image) >= lsn)
        {
            // A snapshot brought the row as it was later. No row is counted when it changes, so what was counted until then is of no use.
            _vocabulary.Admission?.Drop(_rowIds[row]);
            return false;
        }

        bool isLive = stored == RowStatus.Found;
        bool hasExpired = isLive && HasExpired(image);
        switch (change.Kind)
        {
            case RowWriteKind.Erase:
                _vocabulary.Admission?.Drop(_rowIds[row]);
                return isLive && !hasExpired;
            case RowWriteKind.Evict:
                _vocabulary.Admission?.Drop(_rowIds[row]);
                return isLive && RowImage.Lsn(image) <= change.Bound;
            case RowWriteKind.Purge:
                // An id that is counted again keeps its count, and waits.
                return hasExpired && _vocabulary.Admission?.IsCandidate(_rowIds[row]) != true;
            case RowWriteKind.Import:
                _vocabulary.Admission?.Drop(_rowIds[row]);
                return true;
            default:
                return (isLive && !hasExpired) || _vocabulary.Admission?.Admits(_rowIds[row], lsn) != false;
        }
    }

    // The clock is that of the record which is applied. A mirror does not know when rows were written, and has none that expire.
    private bool HasExpired(ReadOnlySpan<byte> image) =>
        _format.TimeToLiveMilliseconds is not null && RowImage.WrittenAt(image) < _vocabulary.ExpiredBefore(_vocabulary.Clock);

    private void Note(long rowId, bool gone, long tick, int useCount)
    {
        if (gone)
        {
            _vocabulary.Uses?.Remove(rowId);
            _vocabulary.Gone.Add(1);
        }
        else
        {
            _vocabulary.Uses?.Wrote(rowId, tick, useCount);
        }
    }

    private void Forget(in RowChange change)
    {
        if (change.Kind == RowWriteKind.ForgetCounts)
        {
            _vocabulary.Admission?.ForgetTo(change.Bound);
        }
        else if (change.Kind == RowWriteKind.ForgetGone)
        {
            _vocabulary.Gone.ForgetTo(change.Bound);
        }
    }

    /// <summary>The rows as they are. A mirror has them at hand; state it does not have.</summary>
    private void ReadImages(ReadOnlySpan<long> rowIds, int byteCount)
    {
        if (_mirror is not { IsComplete: true } || !ReadsMirror || _format.StateByteCount > 0)
        {
            _rows.ReadImages(rowIds, _images.AsMemory(0, byteCount), _statuses.AsMemory(0, rowIds.Length));
            return;
        }

        for (int row = 0; row < rowIds.Length; row++)
        {
            Span<byte> image = _images.AsSpan(row * _imageByteCount, _imageByteCount);
            _statuses[row] = _mirror.Read(rowIds[row], image.Slice(RowImage.DataOffset, _format.DataByteCount), out long lsn);
            RowImage.SetLsn(image, lsn);
        }
    }

    private void WriteMirror(ReadOnlySpan<long> rowIds, long lsn, bool gone)
    {
        if (_mirror is null)
        {
            return;
        }

        for (int row = 0; row < rowIds.Length; row++)
        {
            if (_changed[row])
            {
                _mirror.Write(rowIds[row], lsn, gone ? [] : _images.AsSpan((row * _imageByteCount) + RowImage.DataOffset, _format.DataByteCount));
            }
        }
    }

    private void Change(in RowChange change, int row, long lsn, Span<byte> image)
    {
        if (StatusAfter(change.Kind) != RowStatus.Found)
        {
            LiveRowCount--;
            return;
        }

        Span<byte> data = image.Slice(RowImage.DataOffset, _format.DataByteCount);
        Span<byte> values = _format.ScaledByRow ? _scaledValues : data;
        bool isLive = _statuses[row] == RowStatus.Found;
        if (!isLive || HasExpired(image))
        {
            LiveRowCount += isLive ? 0 : 1;
            image.Clear();
            _format.FillInitial(change.InitialIdOf(_order.EntryAt(_places[row])), values);
            _trainer?.FillState(StateOf(image));
        }
        else if (_format.ScaledByRow)
        {
            ScaledRow.Decode(data, MemoryMarshal.Cast<byte, float>(values));
        }

        if (change.Kind == RowWriteKind.Apply)
        {
            Train(change, row, lsn, values, image);
        }
        else
        {
            for (int place = _places[row]; place < _places[row + 1]; place++)
            {
                ApplyEntry(change, _order.EntryAt(place), values);
            }
        }

        if (_format.ScaledByRow)
        {
            ScaledRow.Encode(MemoryMarshal.Cast<byte, float>(values), data);
        }
    }

    private void Train(in RowChange change, int row, long lsn, Span<byte> values, Span<byte> image)
    {
        int byteCount = _format.Width * _format.ComputeType.ByteCount();
        _trainer!.Begin();
        for (int place = _places[row]; place < _places[row + 1]; place++)
        {
            _trainer.Add(change.Values.Slice(_order.EntryAt(place) * byteCount, byteCount));
        }

        _trainer.Step(_rowIds[row], lsn, values, StateOf(image), change.Step);
    }

    private Span<byte> StateOf(Span<byte> image) => image[(RowImage.DataOffset + _format.DataByteCount)..];

    private void ApplyEntry(in RowChange change, int entry, Span<byte> values)
    {
        int count = change.Columns.Count;
        int byteCount = count * _format.ValueType.ByteCount();
        ReadOnlySpan<byte> source = change.Values.Slice(entry * byteCount, byteCount);
        ColumnRange columns = change.ColumnOf.IsEmpty ? change.Columns : new ColumnRange(change.ColumnOf[entry], 1, 1);
        if (change.Kind is RowWriteKind.Assign or RowWriteKind.Import)
        {
            RowElements.Assign(_format.ValueType, values, columns, source);
        }
        else
        {
            RowElements.Accumulate(_format.ValueType, values, columns, source);
        }
    }
}
