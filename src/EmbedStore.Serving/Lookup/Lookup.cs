using System.Buffers;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A gather that passed every check: its shape and size are known, its rows are read run by run.</summary>
/// <remarks>Not thread-safe. Holds the table only as long as its caller's lease does.</remarks>
public sealed class Lookup
{
    private readonly RowReader _reader;
    private readonly Table _table;
    private readonly LookupEntries _entries;
    private readonly AnswerFormat _format;
    private readonly MissingPolicy _missing;

    internal Lookup(RowReader reader, Table table, LookupEntries entries, AnswerFormat format, MissingPolicy missing, RequestMemory? statusMemory)
    {
        _reader = reader;
        _table = table;
        _entries = entries;
        _format = format;
        _missing = missing;
        Version = reader.VersionOf(table);
        EntryCount = entries.Rows.Count;
        Statuses = statusMemory?.Rent<RowStatus>(EntryCount) ?? default;
        Versions = statusMemory?.Rent<long>(EntryCount) ?? default;
    }

    /// <summary>Shape of the answer.</summary>
    public TensorShape Shape => _entries.ResultShape;

    /// <summary>Shape of status and version: the answer's without the row's own dimension.</summary>
    public TensorShape EntryShape => _entries.EntryShape;

    /// <summary>Element type of the answer.</summary>
    public ElementType Type => _format.Type;

    /// <summary>Entries to read. Each gives <see cref="EntryByteCount"/> bytes of the answer, in order.</summary>
    public int EntryCount { get; }

    /// <summary>Unit: bytes.</summary>
    public int EntryByteCount => _format.EntryByteCount;

    /// <summary>Of the answer, what is best read at a time. Unit: bytes.</summary>
    public int RunByteCount => _table.RunByteCount;

    /// <summary>Size of the answer's elements. Unit: bytes.</summary>
    public long ByteCount => (long)EntryCount * EntryByteCount;

    /// <summary>The rows that are read are at least as new as this version of the table.</summary>
    public long Version { get; }

    /// <summary>True when a read can still refuse the request: then nothing should be sent before all was read.</summary>
    public bool CanRefuse => _missing == MissingPolicy.Error;

    /// <summary>Status of each entry that was read; empty when it was not asked for.</summary>
    public Memory<RowStatus> Statuses { get; }

    /// <summary>Version of each entry's row; empty when it was not asked for.</summary>
    public Memory<long> Versions { get; }

    /// <summary>Reads a run of entries.</summary>
    /// <param name="first">First entry.</param>
    /// <param name="count">Number of entries.</param>
    /// <param name="destination"><paramref name="count"/> × <see cref="EntryByteCount"/> bytes.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.RowNotFound"/>, <see cref="ErrorCode.ShardUnavailable"/> or <see cref="ErrorCode.Starting"/>.</exception>
    public async ValueTask ReadAsync(int first, int count, Memory<byte> destination, CancellationToken cancellation)
    {
        RowStatus[]? rented = Statuses.IsEmpty ? ArrayPool<RowStatus>.Shared.Rent(count) : null;
        try
        {
            Memory<RowStatus> statuses = rented is null ? Statuses.Slice(first, count) : rented.AsMemory(0, count);
            var run = new EntryRun(_entries.Rows.Slice(first, count), destination, statuses)
            {
                Versions = Versions.IsEmpty ? default : Versions.Slice(first, count),
                ElementColumns = _entries.ElementColumns.IsEmpty ? default : _entries.ElementColumns.Slice(first, count),
            };
            int missing = await _reader.ReadAsync(_table, _format, run, cancellation);
            if (missing > 0 && CanRefuse)
            {
                throw RowNotFound(first, statuses.Span);
            }
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<RowStatus>.Shared.Return(rented);
            }
        }
    }

    private EmbedStoreException RowNotFound(int first, ReadOnlySpan<RowStatus> statuses)
    {
        int entry = first + statuses.IndexOfAnyExcept(RowStatus.Found);
        return IndexErrors.RowNotFound(EntryShape.CoordinatesOf(entry), _entries.Rows.NameOf(entry));
    }
}
