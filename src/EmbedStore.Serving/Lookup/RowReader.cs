using System.Buffers;
using System.Diagnostics;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Steps 3 to 6 of <see cref="LookupPipeline"/>, for one run of a lookup's entries at a time.</summary>
/// <param name="cache">Asked first.</param>
/// <param name="router">Asked for the rest.</param>
/// <param name="gather">Makes elements of stored rows.</param>
/// <param name="countsUses">Whether rows count as used: those of whole tables do not.</param>
/// <param name="freshness">How old rows may be.</param>
internal sealed class RowReader(IRowCache cache, IShardRouter router, IGather gather, bool countsUses, Freshness freshness = default)
{
    /// <summary>Stored rows that are held at a time while they become elements of an answer: fits the second-level cache.</summary>
    private const int StoredRunByteCount = 256 * 1024;

    /// <summary>Who is asked for what no cache has.</summary>
    public IShardRouter Router => router;

    /// <summary>How old rows may be.</summary>
    public Freshness Freshness => freshness;

    /// <summary>What a read that begins now is at least as new as. This server may not have heard of a version that its caller knows; the owners have.</summary>
    public long VersionOf(Table table) => freshness.AllowsAge ? freshness.VersionMin : Math.Max(freshness.VersionMin, table.Version);

    /// <summary>The same for rows of some age.</summary>
    public RowReader With(Freshness other) => other == freshness ? this : new RowReader(cache, router, gather, countsUses, other);

    /// <summary>Reads a run of rows into elements of the answer.</summary>
    /// <param name="table">The table.</param>
    /// <param name="format">How stored rows become elements.</param>
    /// <param name="rows">Shape [n].</param>
    /// <param name="elementColumns">Shape [n], or empty.</param>
    /// <param name="destination">Shape [n, columns] of the answer's type.</param>
    /// <param name="statuses">Shape [n].</param>
    /// <param name="versions">Shape [n], or empty.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <returns>Rows that were not found. They read as the format says.</returns>
    public async ValueTask<int> ReadAsync(
        Table table,
        AnswerFormat format,
        RowList rows,
        ReadOnlyMemory<int> elementColumns,
        Memory<byte> destination,
        Memory<RowStatus> statuses,
        Memory<long> versions,
        CancellationToken cancellation)
    {
        if (format.IsStoredForm)
        {
            int missing = await ReadStoredAsync(table, rows, new RowBlock(destination, statuses, versions) { IsUse = countsUses, Freshness = freshness }, cancellation);
            if (missing > 0)
            {
                gather.FillMissing(format, rows.Ids.Span, statuses.Span, destination.Span);
            }

            return missing;
        }

        // A few columns of wide rows are a small answer out of many stored bytes, so these are read in runs of their own.
        int run = Math.Max(1, StoredRunByteCount / table.Rows.DataByteCount);
        byte[] stored = ArrayPool<byte>.Shared.Rent(Math.Min(run, rows.Count) * table.Rows.DataByteCount);
        try
        {
            int missing = 0;
            for (int first = 0; first < rows.Count; first += run)
            {
                int count = Math.Min(run, rows.Count - first);
                Memory<long> versionsOfRun = versions.IsEmpty ? default : versions.Slice(first, count);
                var block = new RowBlock(stored.AsMemory(0, count * table.Rows.DataByteCount), statuses.Slice(first, count), versionsOfRun) { IsUse = countsUses, Freshness = freshness };
                int missed = await ReadStoredAsync(table, rows.Slice(first, count), block, cancellation);
                Expand(
                    format,
                    rows.Ids.Slice(first, count),
                    elementColumns.IsEmpty ? default : elementColumns.Slice(first, count),
                    block.Rows,
                    block.Statuses,
                    missed,
                    destination.Slice(first * format.EntryByteCount, count * format.EntryByteCount));
                missing += missed;
            }

            return missing;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    /// <summary>Reads rows as they are stored.</summary>
    /// <returns>Rows that were not found.</returns>
    public async ValueTask<int> ReadStoredAsync(Table table, RowList rows, RowBlock block, CancellationToken cancellation)
    {
        long[]? versions = block.Versions.IsEmpty && cache.WantsVersions(table) ? ArrayPool<long>.Shared.Rent(rows.Count) : null;
        try
        {
            return await ReadThroughCacheAsync(table, rows, versions is null ? block : block with { Versions = versions.AsMemory(0, rows.Count) }, cancellation);
        }
        finally
        {
            if (versions is not null)
            {
                ArrayPool<long>.Shared.Return(versions);
            }
        }
    }

    private async ValueTask<int> ReadThroughCacheAsync(Table table, RowList rows, RowBlock block, CancellationToken cancellation)
    {
        // A cache knows rows by id, and the id that a key asks for may be another key's.
        using RowMisses misses = rows.Keys is null ? ReadCached(table, rows.Ids, block) : RowMisses.All; // 3
        if (!misses.AreAll && misses.Positions.IsEmpty)
        {
            return misses.NotFoundCount;
        }

        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Route);
        using IndexPlan plan = IndexPlan.Of(rows.Ids, misses, table.Shards.Count, rows.Keys);       // 4
        int missing = misses.NotFoundCount + await router.ReadAsync(table, plan, block, cancellation); // 5
        if (rows.Keys is null)
        {
            cache.Admit(table, rows.Ids.Span, misses, block);
        }

        return missing;
    }

    private RowMisses ReadCached(Table table, ReadOnlyMemory<long> rowIds, RowBlock block)
    {
        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Cache);
        return cache.Read(table, rowIds.Span, block);
    }

    private void Expand(
        in AnswerFormat format,
        ReadOnlyMemory<long> rowIds,
        ReadOnlyMemory<int> elementColumns,
        ReadOnlyMemory<byte> stored,
        ReadOnlyMemory<RowStatus> statuses,
        int missing,
        Memory<byte> destination)
    {
        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Gather);
        var batch = new GatherBatch
        {
            RowIds = rowIds.Span,
            Rows = stored.Span,
            Statuses = statuses.Span,
            MissingCount = missing,
            ElementColumns = elementColumns.Span,
        };
        gather.Expand(format, batch, destination.Span);                                             // 6
    }
}
