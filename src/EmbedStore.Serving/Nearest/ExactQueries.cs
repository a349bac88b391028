using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Finds queries that a row equals bit for bit: each row costs one search by its first bytes, however many queries there are.</summary>
/// <remarks>Any number of threads may look for rows at once.</remarks>
internal sealed class ExactQueries
{
    private const int PrefixByteCount = sizeof(long);

    private readonly Memory<byte> _queries;
    private readonly int _rowByteCount;
    private readonly Dictionary<long, List<int>> _byPrefix = [];
    private readonly bool[] _found;
    private readonly bool[] _canBeRow;

    private ExactQueries(Memory<byte> queries, int queryCount, int rowByteCount)
    {
        _queries = queries;
        _rowByteCount = rowByteCount;
        _found = new bool[queryCount];
        _canBeRow = new bool[queryCount];
    }

    /// <summary>Keeps the queries in the form of the rows. One that the rows' type cannot hold equals none.</summary>
    public static ExactQueries Of(Tensor queries, ElementType rowType, RequestMemory memory)
    {
        int queryCount = (int)queries.Shape[0];
        int width = (int)queries.Shape[1];
        Memory<byte> rows = memory.Rent<byte>(queryCount * width * rowType.ByteCount());
        var exact = new ExactQueries(rows, queryCount, width * rowType.ByteCount());
        int queryByteCount = width * queries.Type.ByteCount();
        for (int query = 0; query < queryCount; query++)
        {
            if (ExactConversion.TryConvert(queries.Data.Span.Slice(query * queryByteCount, queryByteCount), queries.Type, exact.RowOf(query), rowType))
            {
                exact._canBeRow[query] = true;
                ref List<int>? same = ref CollectionsMarshal.GetValueRefOrAddDefault(exact._byPrefix, Prefix(exact.RowOf(query)), out _);
                (same ??= []).Add(query);
            }
        }

        return exact;
    }

    /// <summary>Whether a row equals the query.</summary>
    public bool IsFound(int query) => Volatile.Read(ref _found[query]);

    /// <summary>Shape [queries, row bytes]: the queries as rows are stored.</summary>
    public ReadOnlySpan<byte> Rows => _queries.Span;

    /// <summary>Shape [queries]: false where the rows' type cannot hold the query.</summary>
    public ReadOnlySpan<bool> CanBeRow => _canBeRow;

    /// <summary>Notes queries that somebody else found.</summary>
    public void SetFound(ReadOnlySpan<bool> found) => found.CopyTo(_found);

    /// <summary>Looks for each row.</summary>
    /// <param name="rows">Shape [n, row bytes].</param>
    public void Look(ReadOnlySpan<byte> rows)
    {
        for (; rows.Length >= _rowByteCount; rows = rows[_rowByteCount..])
        {
            ReadOnlySpan<byte> row = rows[.._rowByteCount];
            if (_byPrefix.TryGetValue(Prefix(row), out List<int>? queries))
            {
                Compare(row, queries);
            }
        }
    }

    private static long Prefix(ReadOnlySpan<byte> row)
    {
        if (row.Length >= PrefixByteCount)
        {
            return MemoryMarshal.Read<long>(row);
        }

        Span<byte> padded = stackalloc byte[PrefixByteCount];
        padded.Clear();
        row.CopyTo(padded);
        return MemoryMarshal.Read<long>(padded);
    }

    private void Compare(ReadOnlySpan<byte> row, List<int> queries)
    {
        foreach (int query in queries)
        {
            if (!_found[query] && row.SequenceEqual(RowOf(query)))
            {
                Volatile.Write(ref _found[query], true);
            }
        }
    }

    private Span<byte> RowOf(int query) => _queries.Span.Slice(query * _rowByteCount, _rowByteCount);
}
