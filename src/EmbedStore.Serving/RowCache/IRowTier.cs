using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>A place for rows above the memory of the processor, such as a device's: it hears of every change of a row, as the row cache does.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IRowTier
{
    /// <summary>Makes place for rows of a table, before its first shard opens.</summary>
    /// <returns>Told of every change after the processor's memory was, and disposed with the table when it can be; it may know any part of the rows. Null: the table is to have none.</returns>
    IMovingRows? TryMake(Table table);
}

/// <summary>Tells the processor's memory of a change, then the tier above it: who finds nothing above finds the newest below.</summary>
/// <param name="memory">Answers for both; null: neither has every row.</param>
/// <param name="tier">Above it.</param>
internal sealed class TieredMirror(IRowMirror? memory, IMovingRows tier) : IMovingRows
{
    /// <summary>The processor's memory.</summary>
    public IRowMirror? Memory { get; } = memory;

    /// <summary>What is above it.</summary>
    public IMovingRows Tier { get; } = tier;

    /// <inheritdoc/>
    public void Forget(Predicate<long> isMeant)
    {
        (Memory as IMovingRows)?.Forget(isMeant);
        Tier.Forget(isMeant);
    }

    bool IRowMirror.IsComplete => Memory is { IsComplete: true };

    void IRowMirror.Resize(long change)
    {
        Memory?.Resize(change);
        Tier.Resize(change);
    }

    void IRowMirror.Write(long rowId, long lsn, ReadOnlySpan<byte> data)
    {
        Memory?.Write(rowId, lsn, data);
        Tier.Write(rowId, lsn, data);
    }

    RowStatus IRowMirror.Read(long rowId, Span<byte> data, out long lsn) =>
        Memory is null ? throw new NotSupportedException("Not every row is here.") : Memory.Read(rowId, data, out lsn);
}
