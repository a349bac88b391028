using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Steps 3 to 6 of <see cref="LookupPipeline"/> for many features: table by table, what repeats is read once.</summary>
internal sealed class FeatureReader(RowReader reader, IShardRouter router, IGather gather, RequestMemory memory)
{
    /// <summary>Answers of features, in their order. Sequences are read later, by whoever sends them, unless a missing row would refuse the call.</summary>
    /// <exception cref="EmbedStoreException">RowNotFound, ShardUnavailable, Starting.</exception>
    public async ValueTask<FeatureAnswers> ReadAsync(IReadOnlyList<FeaturePlan> plans, CancellationToken cancellation)
    {
        // Before the first row is read: what is read is at least as new.
        long version = plans.Min(plan => reader.VersionOf(plan.Request.Table));
        var readers = new Dictionary<Table, RowReader>();
        foreach (IGrouping<Table, FeaturePlan> ofTable in plans.GroupBy(static plan => plan.Request.Table))
        {
            readers[ofTable.Key] = await ReaderOfAsync(ofTable.Key, [.. ofTable], cancellation);
        }

        var answers = new List<FeatureAnswer>(plans.Count);
        foreach (FeaturePlan plan in plans)
        {
            answers.Add(await AnswerAsync(plan, readers[plan.Request.Table], cancellation));
        }

        return new FeatureAnswers(answers, version, memory);
    }

    /// <summary>What reads a table's rows: a resident table is read where it lies, see the README; of others, what repeats is read here once. Not of tables with keys: rows are shared by id.</summary>
    private async ValueTask<RowReader> ReaderOfAsync(Table table, List<FeaturePlan> plans, CancellationToken cancellation)
    {
        if (table.ServesFromMemory() || table.Shape.HasKeys || await UniqueRows.TryReadAsync(reader, table, plans, cancellation) is not { } rows)
        {
            return reader;
        }

        memory.Own(rows);
        return new RowReader(rows, router, gather, new SpareCores(1), countsUses: false, reader.Freshness);
    }

    private async ValueTask<FeatureAnswer> AnswerAsync(FeaturePlan plan, RowReader rows, CancellationToken cancellation)
    {
        try
        {
            if (plan.Bags is { } bags)
            {
                return new FeatureAnswer(null, (await new BagReader(rows, plan.Request.Table, bags, memory).ReadAsync(cancellation)).Rows);
            }

            Lookup lookup = LookupOf(plan.Request.Table, plan.Sequence!, rows);
            return lookup.CanRefuse ? new FeatureAnswer(null, await ReadWholeAsync(lookup, cancellation)) : new FeatureAnswer(lookup, null);
        }
        catch (EmbedStoreException refusal) when (refusal.Code == ErrorCode.RowNotFound)
        {
            throw plan.Request.Origin.Translate(refusal);
        }
    }

    private static Lookup LookupOf(Table table, SequencePlan sequence, RowReader rows) =>
        new(rows, table, sequence.Entries, AnswerFormat.OfRows(table.Rows, sequence.Type, sequence.Missing), sequence.Missing, statusMemory: null);

    private async ValueTask<Tensor> ReadWholeAsync(Lookup lookup, CancellationToken cancellation)
    {
        Memory<byte> data = memory.Rent<byte>((int)lookup.ByteCount);
        await lookup.ReadAsync(0, lookup.EntryCount, data, cancellation);
        return new Tensor(lookup.Type, lookup.Shape, data);
    }
}
