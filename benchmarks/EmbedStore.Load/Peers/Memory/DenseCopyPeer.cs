using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>Rows in one array in this process, copied one after the other: the least that a gather can do.</summary>
internal sealed class DenseCopyPeer : IPeer
{
    private const int AdviseHugePages = 14;

    private readonly byte[] _rows;
    private readonly int _rowByteCount;

    /// <summary>Fills it.</summary>
    public DenseCopyPeer(RowSet rows)
    {
        _rowByteCount = rows.RowByteCount;
        _rows = GC.AllocateUninitializedArray<byte>(checked((int)rows.PayloadByteCount), pinned: true);

        // Huge pages, as the row cache has: else the misses of the page table would be what is compared. Advice only: what it answers changes nothing.
        nint page = Environment.SystemPageSize;
        nint start = (Marshal.UnsafeAddrOfPinnedArrayElement(_rows, 0) + page - 1) / page * page;
        _ = Advise(start, (nuint)(_rows.Length / page * page), AdviseHugePages);
        rows.Fill(0, _rows);
    }

    public string Name => "dense copy";

    public void Read(IdBatch batch, Memory<byte> rows)
    {
        ReadOnlySpan<long> ids = batch.Ids;
        Span<byte> destination = rows.Span;
        for (int i = 0; i < ids.Length; i++)
        {
            _rows.AsSpan((int)ids[i] * _rowByteCount, _rowByteCount).CopyTo(destination.Slice(i * _rowByteCount, _rowByteCount));
        }
    }

    public void Dispose()
    {
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint byteCount, int advice);
}
