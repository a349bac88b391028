using EmbedStore.Shards;
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
    public static WriterProgress ProgressOf(Table table, string name) =>
        ProgressOf(table.Shards.Select(slot => slot.RequireReadable()?.WriterState(name)).ToArray());

    /// <summary>Where a writer stands that each shard, by number, knows this of.</summary>
    internal static WriterProgress ProgressOf(WriterState?[] states)
    {
        long epoch = states.Max(static state => state?.Epoch ?? 0);
        long sequence = states.Max(static state => state?.Sequence ?? 0);
        bool isWhole = sequence == 0 || Array.Exists(states, state => state?.Sequence == sequence && state.Parts.All(part => states[part]?.Sequence >= sequence));
        return new WriterProgress(epoch, isWhole ? sequence : sequence - 1);
    }

    /// <summary>Judges a request.</summary>
    /// <returns>True when the request was applied before.</returns>
    /// <exception cref="EmbedStoreException">WriterFenced, SequenceGap, Starting, ShardUnavailable.</exception>
    internal static bool IsRepeat(WriterState?[] states, WriterClaim claim)
    {
        WriterProgress progress = ProgressOf(states);
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

    /// <summary>A retry is the same request: one that goes to other shards than before would be mixed with what it replaces.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>.</exception>
    internal static void RequireSameParts(WriterState?[] states, WriterClaim claim, IReadOnlyList<ushort> parts)
    {
        WriterState? taken = Array.Find(states, state => state?.Sequence == claim.Sequence);
        if (taken is not null && !taken.Parts.SequenceEqual(parts))
        {
            throw new EmbedStoreException(
                ErrorCode.InvalidParameter,
                FormattableString.Invariant($"Sequence {claim.Sequence} of writer \"{claim.Name}\" was sent before with other rows, and a part of it was applied; send that again."),
                new Fact("parameter", "Embedstore-Sequence"));
        }
    }

    /// <summary>What makes a higher epoch known that came with a repeat: a stamp without rows, beside which the newest sequence stays.</summary>
    internal static (int Shard, WriterStamp Stamp) EpochStamp(WriterState?[] states, WriterClaim claim)
    {
        int home = HomeOf(claim.Name, states.Length);
        WriterState? known = states[home];
        long sequence = ProgressOf(states).Sequence;
        return known is not null && known.Sequence >= sequence
            ? (home, new WriterStamp(claim.Name, claim.Epoch, known.Sequence, known.Parts))
            : (home, new WriterStamp(claim.Name, claim.Epoch, sequence, [(ushort)home]));
    }

    /// <summary>The optimizer's step that a request took where a shard has it already; null where none has. A retry takes the very same step elsewhere.</summary>
    internal static long? StepTaken(WriterState?[] states, WriterClaim claim) =>
        Array.Find(states, state => state?.Sequence == claim.Sequence && state.StepNumber > 0)?.StepNumber;

    internal static EmbedStoreException Fenced(WriterClaim claim, long epoch) => new(
        ErrorCode.WriterFenced,
        FormattableString.Invariant($"Writer \"{claim.Name}\" was seen with epoch {epoch}; {claim.Epoch} is over."),
        new Fact("expected", epoch));

    /// <summary>Where a request that touches no row is recorded.</summary>
    /// <param name="name">Of the writer.</param>
    /// <param name="shardCount">Places to choose from. At least 1.</param>
    public static int HomeOf(string name, int shardCount)
    {
        long hash = 17;
        foreach (char letter in name)
        {
            hash = unchecked((hash * 31) + letter);
        }

        return ShardHash.ShardOf(hash, shardCount);
    }
}
