using System.Buffers;
using System.Diagnostics;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Steps 3 to 6 of <see cref="LookupPipeline"/>, for one run of a lookup's entries at a time.</summary>
/// <param name="cache">Asked first.</param>
/// <param name="router">Asked for the rest.</param>
/// <param name="gather">Makes elements of stored rows.</param>
/// <param name="cores">Who helps with many rows.</param>
/// <param name="countsUses">Whether rows count as used: those of whole tables do not.</param>
/// <param name="freshness">How old rows may be.</param>
internal sealed class RowReader(IRowCache cache, IShardRouter router, IGather gather, SpareCores cores, bool countsUses, Freshness freshness = default)
{
    /// <summary>Asked first for what it may do at once; null: nobody.</summary>
    public IRowCompute? Compute { get; init; }

    /// <summary>Who is asked for what no cache has.</summary>
    public IShardRouter Router => router;

    /// <summary>How old rows may be.</summary>
    public Freshness Freshness => freshness;

    /// <summary>What a read that begins now is at least as new as. This server may not have heard of a version that its caller knows; the owners have.</summary>
    public long VersionOf(Table table) => freshness.AllowsAge ? freshness.VersionMin : Math.Max(freshness.VersionMin, table.Version);

    /// <summary>The same for rows of some age.</summary>
    public RowReader With(Freshness other) => other == freshness ? this : new RowReader(cache, router, gather, cores, countsUses, other) { Compute = Compute };

    /// <summary>Reads a run of rows into elements of the answer.</summary>
    /// <param name="table">The table.</param>
    /// <param name="format">How stored rows become elements.</param>
    /// <param name="run">What to read, and where to.</param>
    /// <param name="cancellation">Ends the wait for shards.</param>
    /// <returns>Rows that were not found. They read as the format says.</returns>
    public ValueTask<int> ReadAsync(Table table, AnswerFormat format, EntryRun run, CancellationToken cancellation)
    {
        int partCount = PartCountOf(table, format, run.Count);
        return partCount == 1 ? ReadPartAsync(table, format, run, cancellation) : ValueTask.FromResult(ReadParts(table, format, run, partCount, cancellation));
    }

    /// <summary>Into how many parts it pays to split a read: many where rows are copied out of memory and a core is spare. Otherwise 1.</summary>
    public int PartCountOf(Table table, in AnswerFormat format, int rowCount) =>
        table.ServesFromMemory() ? cores.PartCountOf((long)rowCount * Math.Max(table.Rows.DataByteCount, format.EntryByteCount)) : 1;

    /// <summary>Runs the parts of a read that <see cref="PartCountOf"/> splits.</summary>
    public void RunParts(int partCount, Func<int, ValueTask> part) => cores.Run(partCount, number =>
    {
        // Rows in memory are there at once. Should a shard have stopped to serve meanwhile, its part waits here.
        ValueTask work = part(number);
        if (!work.IsCompletedSuccessfully)
        {
            work.AsTask().GetAwaiter().GetResult();
        }
    });

    private int ReadParts(Table table, AnswerFormat format, EntryRun run, int partCount, CancellationToken cancellation)
    {
        int missing = 0;
        RunParts(partCount, async number =>
        {
            int first = (int)((long)run.Count * number / partCount);
            int end = (int)((long)run.Count * (number + 1) / partCount);
            Interlocked.Add(ref missing, await ReadPartAsync(table, format, run.Slice(first, end - first, format.EntryByteCount), cancellation));
        });
        return missing;
    }

    private async ValueTask<int> ReadPartAsync(Table table, AnswerFormat format, EntryRun run, CancellationToken cancellation)
    {
        if (format.IsStoredForm)
        {
            int missing = await ReadStoredAsync(table, run.Rows, new RowBlock(run.Elements, run.Statuses, run.Versions) { IsUse = countsUses, Freshness = freshness }, cancellation);
            if (missing > 0)
            {
                gather.FillMissing(format, run.Rows.Ids.Span, run.Statuses.Span, run.Elements.Span);
            }

            return missing;
        }

        if (Compute is not null && !format.ByElement && format.Columns.IsAll(table.Rows.Width) && run.Rows.Keys is null
            && Compute.TryGather(table, format, run.Rows.Ids.Span, run.Elements.Span, run.Versions.Span))
        {
            run.Statuses.Span[..run.Count].Clear();
            return 0;
        }

        // A few columns of wide rows are a small answer out of many stored bytes, so these are read in runs of their own.
        int rowByteCount = table.Rows.DataByteCount;
        int countMax = Math.Min(Math.Max(1, table.RunByteCount / rowByteCount), run.Count);
        byte[] stored = ArrayPool<byte>.Shared.Rent(countMax * rowByteCount);
        try
        {
            int missing = 0;
            for (int first = 0; first < run.Count; first += countMax)
            {
                EntryRun part = run.Slice(first, Math.Min(countMax, run.Count - first), format.EntryByteCount);
                var block = new RowBlock(stored.AsMemory(0, part.Count * rowByteCount), part.Statuses, part.Versions) { IsUse = countsUses, Freshness = freshness };
                int missed = await ReadStoredAsync(table, part.Rows, block, cancellation);
                Expand(format, part, block.Rows, missed);
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

    private void Expand(in AnswerFormat format, in EntryRun run, ReadOnlyMemory<byte> stored, int missing)
    {
        using Activity? span = ServingSpans.Start(EmbedStoreTelemetry.Spans.Gather);
        var batch = new GatherBatch
        {
            RowIds = run.Rows.Ids.Span,
            Rows = stored.Span,
            Statuses = run.Statuses.Span,
            MissingCount = missing,
            ElementColumns = run.ElementColumns.Span,
        };
        gather.Expand(format, batch, run.Elements.Span);                                            // 6
    }
}
