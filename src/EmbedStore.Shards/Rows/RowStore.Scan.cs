using System.Runtime.InteropServices;
using FASTER.core;

namespace EmbedStore.Shards;

internal sealed partial class RowStore
{
    private const int RowsPerScanBatch = 64;
    private const int BatchByteCountMax = 1 << 20;

    private readonly int _rowsPerScanBatch;

    /// <summary>Ids of all live rows, or of all that have expired: those that existed when the scan began once each, those made while it runs perhaps.</summary>
    /// <param name="version">Newest version that is wholly applied.</param>
    /// <param name="expiredBefore">See <see cref="ReadRules"/>.</param>
    /// <param name="expired">Which of the two.</param>
    /// <param name="rest">Called between batches.</param>
    public IEnumerable<long> RowIds(long version, long expiredBefore, bool expired, Action? rest = null)
    {
        // A row that is changed meanwhile may come more than once.
        var changed = new HashSet<long>();
        foreach (IReadOnlyList<ScannedRow> batch in Scan(version))
        {
            rest?.Invoke();
            foreach (ScannedRow row in batch)
            {
                bool isMeant = !RowImage.IsGone(row.Image.Span) && RowImage.WrittenAt(row.Image.Span) < expiredBefore == expired;
                if (isMeant && (RowImage.Lsn(row.Image.Span) <= version || changed.Add(row.RowId)))
                {
                    yield return row.RowId;
                }
            }
        }
    }

    /// <summary>Every row that exists when the scan begins, missing ones that know why too, as it then was or as it is now; of rows made meanwhile, some.</summary>
    /// <param name="version">Newest version that is wholly applied. A row that is not newer comes once; a newer one may come again, and then never older.</param>
    /// <param name="forgottenTo">Rows that are gone since this version or longer do not come.</param>
    /// <returns>Batches of rows whose images are valid until the next batch.</returns>
    /// <remarks>Writes go on. One lookup a record.</remarks>
    public IEnumerable<IReadOnlyList<ScannedRow>> Scan(long version, long forgottenTo = 0)
    {
        // A row that is not changed meanwhile stands in one record of its LSN. One that is may have moved to where the scan does not look, so it counts wherever it was seen.
        (long begin, long end) = BeginScan();
        try
        {
            using RowSession session = NewSession(wholeImages: true);
            using IFasterScanIterator<long, SpanByte> scan = _store.Log.Scan(begin, end);
            var records = new List<(long RowId, long Lsn)>(_rowsPerScanBatch);
            var rows = new List<ScannedRow>(_rowsPerScanBatch);
            byte[] images = GC.AllocateUninitializedArray<byte>(_rowsPerScanBatch * _imageByteCount);
            var statuses = new RowStatus[_rowsPerScanBatch];
            while (Collect(scan, records, _rowsPerScanBatch))
            {
                Select(session, records, version, images, statuses, rows);
                rows.RemoveAll(row => RowImage.IsGone(row.Image.Span) && RowImage.Lsn(row.Image.Span) <= Math.Min(forgottenTo, version));
                yield return rows;
            }
        }
        finally
        {
            EndScan();
        }
    }

    /// <returns>False behind the last record.</returns>
    private static bool Collect(IFasterScanIterator<long, SpanByte> scan, List<(long RowId, long Lsn)> records, int countMax)
    {
        records.Clear();
        while (records.Count < countMax && scan.GetNext(out RecordInfo record))
        {
            if (!record.Tombstone && !record.Invalid)
            {
                records.Add((scan.GetKey(), RowImage.Lsn(scan.GetValue().AsReadOnlySpan())));
            }
        }

        return records.Count > 0;
    }

    private void Select(RowSession session, List<(long RowId, long Lsn)> records, long version, byte[] images, RowStatus[] statuses, List<ScannedRow> rows)
    {
        Span<long> rowIds = stackalloc long[RowsPerScanBatch];
        for (int i = 0; i < records.Count; i++)
        {
            rowIds[i] = records[i].RowId;
        }

        ThrowIfDamaged();
        session.Read(rowIds[..records.Count], [], ReadRules.None, images.AsMemory(0, records.Count * _imageByteCount), statuses.AsMemory(0, records.Count), Memory<long>.Empty);
        CheckBatch(session);
        rows.Clear();
        for (int i = 0; i < records.Count; i++)
        {
            ReadOnlyMemory<byte> image = images.AsMemory(i * _imageByteCount, _imageByteCount);
            long lsn = RowImage.Lsn(image.Span);
            if (statuses[i] != RowStatus.NeverWritten && (lsn == records[i].Lsn || lsn > version))
            {
                rows.Add(new ScannedRow(records[i].RowId, image));
            }
        }
    }
}

/// <summary>A row that a scan found.</summary>
/// <param name="RowId">The row.</param>
/// <param name="Image">See <see cref="RowImage"/>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ScannedRow(long RowId, ReadOnlyMemory<byte> Image);
