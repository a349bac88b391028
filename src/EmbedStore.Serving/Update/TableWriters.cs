using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What a table's shards together know of a writer.</summary>
/// <remarks>
/// A request may go to several shards, and a crash may let some of them have it and others not. Each shard keeps the newest stamp of each writer, and
/// a stamp names all shards of its request: so the newest request is whole when each shard that it names has its sequence. When it is not, it is the one
/// to send again; the shards that have it already answer without applying it.
/// </remarks>
public static class TableWriters
{
    /// <summary>Where a writer stands.</summary>
    /// <exception cref="EmbedStoreException">Starting or ShardUnavailable: a shard that may know more does not serve.</exception>
    public static WriterProgress ProgressOf(Table table, string name)
    {
        var states = table.Shards.Select(slot => slot.RequireReadable()?.WriterState(name)).ToList();
        long epoch = states.Max(static state => state?.Epoch ?? 0);
        if (states.MaxBy(static state => state?.Sequence ?? 0) is not { } newest)
        {
            return new WriterProgress(epoch, 0);
        }

        bool whole = newest.Parts.All(part => states[part]?.Sequence >= newest.Sequence);
        return new WriterProgress(epoch, whole ? newest.Sequence : newest.Sequence - 1);
    }

    /// <summary>Judges a request.</summary>
    /// <returns>True when the request was applied before.</returns>
    /// <exception cref="EmbedStoreException">WriterFenced, SequenceGap, Starting, ShardUnavailable.</exception>
    internal static bool IsRepeat(Table table, WriterClaim claim)
    {
        WriterProgress progress = ProgressOf(table, claim.Name);
        if (claim.Epoch < progress.Epoch)
        {
            throw Fenced(claim, progress.Epoch);
        }

        long expected = progress.Sequence + 1;
        return claim.Sequence <= expected
            ? claim.Sequence < expected
            : throw new EmbedStoreException(
                ErrorCode.SequenceGap,
                FormattableString.Invariant($"Writer \"{claim.Name}\" goes on with sequence {expected}, not {claim.Sequence}."),
                new Fact("expected", expected));
    }

    /// <summary>The optimizer's step that a request took where a shard has it already; null where none has. A retry takes the very same step elsewhere.</summary>
    internal static long? StepTaken(Table table, WriterClaim claim) => table.Shards
        .Select(slot => slot.Opened?.WriterState(claim.Name))
        .FirstOrDefault(state => state?.Sequence == claim.Sequence)?.StepNumber;

    internal static EmbedStoreException Fenced(WriterClaim claim, long epoch) => new(
        ErrorCode.WriterFenced,
        FormattableString.Invariant($"Writer \"{claim.Name}\" was seen with epoch {epoch}; {claim.Epoch} is over."),
        new Fact("expected", epoch));

    /// <summary>Where a request that touches no row is recorded.</summary>
    internal static int HomeOf(string name, int shardCount)
    {
        long hash = 17;
        foreach (char letter in name)
        {
            hash = unchecked((hash * 31) + letter);
        }

        return ShardHash.ShardOf(hash, shardCount);
    }
}
