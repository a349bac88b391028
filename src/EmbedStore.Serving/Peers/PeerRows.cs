using System.Runtime.InteropServices;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Where rows lie in an answer: versions, then rows, then statuses, so that all are aligned as far as they need to be.</summary>
/// <param name="Count">Rows.</param>
/// <param name="RowByteCount">Of one row. Unit: bytes.</param>
internal readonly record struct PeerRows(int Count, int RowByteCount)
{
    /// <summary>Of all three. Unit: bytes.</summary>
    public int ByteCount => checked((Count * sizeof(long)) + (Count * RowByteCount) + Count);

    public Span<long> VersionsOf(Span<byte> body) => MemoryMarshal.Cast<byte, long>(body[..(Count * sizeof(long))]);

    public Memory<byte> RowsOf(Memory<byte> body) => body.Slice(Count * sizeof(long), Count * RowByteCount);

    public Span<byte> StatusesOf(Span<byte> body) => body.Slice(Count * (sizeof(long) + RowByteCount), Count);
}

/// <summary>The rows of an answer that came.</summary>
internal readonly ref struct PeerRowsView
{
    private readonly ReadOnlySpan<byte> _body;

    /// <exception cref="InvalidDataException">The answer has another size than its rows.</exception>
    public PeerRowsView(ReadOnlySpan<byte> body, int count, int rowByteCount)
    {
        Count = count;
        RowByteCount = rowByteCount;
        _body = body;
        if (body.Length != new PeerRows(count, rowByteCount).ByteCount)
        {
            throw new InvalidDataException($"An answer of {count} rows of {rowByteCount} bytes has {body.Length} bytes.");
        }
    }

    public int Count { get; }

    public int RowByteCount { get; }

    public long VersionOf(int i) => MemoryMarshal.Read<long>(_body[(i * sizeof(long))..]);

    public RowStatus StatusOf(int i) => (RowStatus)_body[(Count * (sizeof(long) + RowByteCount)) + i];

    public ReadOnlySpan<byte> RowOf(int i) => _body.Slice((Count * sizeof(long)) + (i * RowByteCount), RowByteCount);
}
