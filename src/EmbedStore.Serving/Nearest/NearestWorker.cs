using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Searches blocks of rows for one set of queries, until there are no more. One thread at a time.</summary>
/// <remarks>A block stays in the second-level cache while every query passes over it.</remarks>
internal sealed class NearestWorker<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Rows that are held at a time, as they are computed with, beside what was read.</summary>
    private const int BlocksPerRun = 2;

    /// <summary>Time after which a search lets other work of the thread pool go first.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(1);

    private readonly RowReader _reader;
    private readonly Table _table;
    private readonly NearestPlan _plan;
    private readonly TableKeys? _names;
    private readonly int _width;
    private readonly Memory<long> _rowIds;
    private readonly Memory<long> _askedIds;
    private readonly Memory<byte> _nameBytes;
    private readonly Memory<KeyRange> _nameRanges;
    private readonly Memory<byte> _rows;
    private readonly Memory<RowStatus> _statuses;
    private readonly Memory<byte> _elements;
    private readonly Memory<T> _scales;
    private readonly Memory<T> _keys;

    /// <param name="reader">Reads the rows.</param>
    /// <param name="table">The table.</param>
    /// <param name="plan">The search.</param>
    /// <param name="keys">As of <see cref="Candidates.OfAsync"/>.</param>
    /// <param name="queryCount">Queries that it keeps rows for at a time.</param>
    /// <param name="memory">What it works in. Not used later.</param>
    public NearestWorker(RowReader reader, Table table, NearestPlan plan, TableKeys? keys, int queryCount, RequestMemory memory)
    {
        (_reader, _table, _plan, _names, _width) = (reader, table, plan, keys, table.Rows.Width);
        int block = Math.Max(table.RunByteCount / BlocksPerRun / (_width * plan.ComputeType.ByteCount()), 1);
        _rowIds = memory.Rent<long>(block);
        if (keys is not null)
        {
            _askedIds = memory.Rent<long>(block);
            _nameBytes = memory.Rent<byte>(block * keys.ByteCountMax);
            _nameRanges = memory.Rent<KeyRange>(block);
        }

        _rows = memory.Rent<byte>(block * plan.Format.EntryByteCount);
        _statuses = memory.Rent<RowStatus>(block);
        _elements = plan.Format.Type == plan.ComputeType ? _rows : memory.Rent<byte>(block * _width * plan.ComputeType.ByteCount());
        _scales = memory.Rent<T>(block);
        _keys = memory.Rent<T>(block);
        Memory<int> fills = memory.Rent<int>(queryCount);
        fills.Span.Clear();
        Top = new TopRows<T>(memory.Rent<T>(queryCount * plan.Count), memory.Rent<long>(queryCount * plan.Count), fills, plan.Count);
    }

    /// <summary>What it found.</summary>
    public TopRows<T> Top { get; }

    /// <summary>Searches.</summary>
    /// <param name="candidates">Shared with other workers.</param>
    /// <param name="queries">Shape [queries, width], as <see cref="RowDistances.Fill"/> takes them.</param>
    /// <param name="exact">Told of every row; null: it was before.</param>
    /// <param name="cancellation">Between blocks.</param>
    /// <exception cref="EmbedStoreException">ShardUnavailable, Starting.</exception>
    public async Task RunAsync(Candidates candidates, ReadOnlyMemory<T> queries, ExactQueries? exact, CancellationToken cancellation)
    {
        try
        {
            await SearchAsync(candidates, queries, exact, cancellation);
        }
        catch
        {
            candidates.Close();
            throw;
        }
    }

    private async Task SearchAsync(Candidates candidates, ReadOnlyMemory<T> queries, ExactQueries? exact, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        int count;
        while ((count = candidates.Take(_rowIds.Span)) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var run = new EntryRun(RowsOf(count), _rows[..(count * _plan.Format.EntryByteCount)], _statuses[..count]);
            int missing = await _reader.ReadAsync(_table, _plan.Format, run, cancellation);
            Search(missing > 0 && _plan.SkipsMissing ? LeaveOutMissing(count) : count, queries.Span, exact);
            if (Stopwatch.GetElapsedTime(began) > Turn)
            {
                await Task.Yield();
                began = Stopwatch.GetTimestamp();
            }
        }
    }

    private RowList RowsOf(int count)
    {
        if (_names is null)
        {
            return new RowList(_rowIds[..count], null);
        }

        RowKeys names = _names.Copy(_rowIds.Span[..count], _nameBytes, _nameRanges[..count]);
        KeyHash.Fill(names, _askedIds.Span[..count]);
        return new RowList(_askedIds[..count], names);
    }

    private void Search(int count, ReadOnlySpan<T> queries, ExactQueries? exact)
    {
        ReadOnlySpan<byte> rows = _rows.Span[..(count * _plan.Format.EntryByteCount)];
        exact?.Look(rows);
        if (_plan.Format.Type != _plan.ComputeType)
        {
            ElementConverter.Convert(rows, _plan.Format.Type, _elements.Span[..(count * _width * _plan.ComputeType.ByteCount())], _plan.ComputeType);
        }

        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(_elements.Span)[..(count * _width)];
        Span<T> scales = _scales.Span[..count];
        if (_plan.Metric == NearestMetric.Cosine)
        {
            RowDistances.FillScales(elements, _width, scales);
        }

        Span<T> keys = _keys.Span[..count];
        for (int query = 0; query < Top.QueryCount; query++)
        {
            RowDistances.Fill(_plan.Metric, queries.Slice(query * _width, _width), elements, scales, keys);
            Top.Offer(query, keys, _rowIds.Span[..count]);
        }
    }

    /// <summary>Moves the rows that were found together.</summary>
    /// <returns>How many there are.</returns>
    private int LeaveOutMissing(int count)
    {
        Span<byte> rows = _rows.Span;
        int rowByteCount = _plan.Format.EntryByteCount;
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            if (_statuses.Span[i] == RowStatus.Found)
            {
                _rowIds.Span[kept] = _rowIds.Span[i];
                rows.Slice(i * rowByteCount, rowByteCount).CopyTo(rows[(kept * rowByteCount)..]);
                kept++;
            }
        }

        return kept;
    }
}
