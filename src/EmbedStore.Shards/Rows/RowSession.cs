using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>One FASTER session with its functions. Used by one thread at a time.</summary>
internal sealed class RowSession : IDisposable
{
    private readonly ClientSession<long, SpanByte, int, byte, Empty, RowCallbacks> _session;
    private readonly UnsafeContext<long, SpanByte, int, byte, Empty, RowCallbacks> _context;
    private readonly RowFunctions _functions;

    public RowSession(FasterKV<long, SpanByte> store, RowFunctions functions)
    {
        _functions = functions;
        _session = store.For(new RowCallbacks(functions)).NewSession<RowCallbacks>();
        _context = _session.UnsafeContext;
    }

    /// <summary>Of the last batch.</summary>
    public int ColdCount => _functions.ColdCount;

    /// <summary>Of the last batch; null when every image checked.</summary>
    public long? DamagedRowId => _functions.DamagedRowId;

    /// <returns>Rows that were not found.</returns>
    public int Read(ReadOnlySpan<long> rowIds, ReadOnlySpan<int> slots, in ReadRules rules, Memory<byte> destination, Memory<RowStatus> statuses, Memory<long> versions)
    {
        _context.BeginUnsafe();
        try
        {
            _functions.ReadBatch(new Reads(_context), rowIds, slots, rules, destination, statuses, versions);
        }
        finally
        {
            _context.EndUnsafe();
        }

        return _functions.MissingCount;
    }

    /// <summary>Writes images, one a row id, in places of one size behind each other in pinned memory.</summary>
    public void Write(ReadOnlySpan<long> rowIds, Span<byte> images, ReadOnlySpan<bool> changed)
    {
        int imageByteCount = images.Length / rowIds.Length;
        int slot = 0;
        byte output = 0;
        _context.BeginUnsafe();
        try
        {
            for (int i = 0; i < rowIds.Length; i++)
            {
                if (changed[i])
                {
                    long rowId = rowIds[i];
                    SpanByte image = SpanByte.FromFixedSpan(RowImage.Trim(images.Slice(i * imageByteCount, imageByteCount)));
                    _context.Upsert(ref rowId, ref slot, ref image, ref output);
                }
            }
        }
        finally
        {
            _context.EndUnsafe();
        }
    }

    public void Dispose() => _session.Dispose();

    private readonly struct Reads(UnsafeContext<long, SpanByte, int, byte, Empty, RowCallbacks> context) : IRowReads
    {
        public Status Read(long rowId, int slot)
        {
            byte output = 0;
            return context.Read(ref rowId, ref slot, ref output);
        }

        public void Rest(bool complete)
        {
            if (complete)
            {
                context.CompletePending(wait: true);
            }

            context.Refresh();
        }
    }
}
