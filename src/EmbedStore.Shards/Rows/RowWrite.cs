using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>What a write does with its values. Written to disk; values never change.</summary>
public enum RowWriteKind
{
    /// <summary>Sets elements; of equal places the last one wins.</summary>
    Assign = 1,

    /// <summary>Adds to elements in <see cref="RowFormat.ValueType"/>, entry by entry; integers wrap around.</summary>
    Accumulate = 2,

    /// <summary>Makes rows missing. Takes no values.</summary>
    Erase = 3,

    /// <summary>Takes one step of the table's optimizer on each row, with the sum of its gradients. Values are gradients of whole rows, in <see cref="RowFormat.ComputeType"/>.</summary>
    Apply = 4,

    /// <summary>Makes rows missing so that others have room: those that were not changed after <see cref="RowWrite.Bound"/>. Takes no values.</summary>
    Evict = 5,

    /// <summary>Makes rows missing that have expired. Only the shard itself writes it.</summary>
    Purge = 6,

    /// <summary>Forgets ids that were counted towards admission, those that were not updated after <see cref="RowWrite.Bound"/>. Names no rows; only the shard itself writes it.</summary>
    ForgetCounts = 7,

    /// <summary>Forgets why rows are gone that went up to <see cref="RowWrite.Bound"/>. Names no rows; only the shard itself writes it.</summary>
    ForgetGone = 8,

    /// <summary>As <see cref="Assign"/>, of rows that come from elsewhere: they are not counted towards admission, they are there.</summary>
    Import = 9,
}

/// <summary>One request's part for one shard: written to the log as one record, so that after a crash all of it is there or nothing.</summary>
/// <remarks>Readers see it row by row.</remarks>
public sealed class RowWrite
{
    /// <summary>What happens to the elements.</summary>
    public required RowWriteKind Kind { get; init; }

    /// <summary>Shape [n]. Repeats are allowed, and order matters for them. Of keys, the ids that they ask for: see <see cref="KeyHash"/>.</summary>
    public required ReadOnlyMemory<long> RowIds { get; init; }

    /// <summary>Shape [n], where rows have keys: then these say which rows are meant. Null otherwise.</summary>
    public RowKeys? Keys { get; init; }

    /// <summary>The elements that each entry writes, when <see cref="ColumnOf"/> is empty. Unused by kinds that take no values.</summary>
    public ColumnRange Columns { get; init; }

    /// <summary>Shape [n] or empty. When given, each entry writes the one element in its own column. Each in [0, width).</summary>
    public ReadOnlyMemory<int> ColumnOf { get; init; }

    /// <summary>Shape [n, count], row-major, in <see cref="RowFormat.ValueType"/>, little-endian.</summary>
    public ReadOnlyMemory<byte> Values { get; init; }

    /// <summary>Of <see cref="RowWriteKind.Apply"/>.</summary>
    public OptimizerStep Step { get; init; }

    /// <summary>A version, of kinds that name it.</summary>
    public long Bound { get; init; }

    /// <summary>Of <see cref="UseClock"/>: when the request's first entry uses its row. 0: the shard takes ticks itself. Not in the log.</summary>
    public long FirstTick { get; init; }

    /// <summary>Shape [n] or empty. Place of each entry in the request that it is a part of, which orders the uses of a request; empty: its own number. Not in the log.</summary>
    public ReadOnlyMemory<int> Positions { get; init; }

    /// <summary>Makes the write count once however often it is sent; null: it counts each time. With a stamp there may be no rows.</summary>
    public WriterStamp? Writer { get; init; }

    /// <summary>The version that this write gets is at least this. At most <see cref="long.MaxValue"/> / 2.</summary>
    public long VersionMin { get; init; }

    /// <summary>Elements that each entry writes.</summary>
    internal int CountPerEntry => !TakesValues ? 0 : ColumnOf.IsEmpty ? Columns.Count : 1;

    private bool TakesValues => Kind is RowWriteKind.Assign or RowWriteKind.Accumulate or RowWriteKind.Apply or RowWriteKind.Import;

    /// <summary>Checks everything that the writer's loop relies on.</summary>
    /// <exception cref="ArgumentException">Says what does not fit.</exception>
    internal void Check(RowFormat format)
    {
        if (!Enum.IsDefined(Kind))
        {
            throw new ArgumentException($"{Kind} is not a kind of write.");
        }

        if (Kind == RowWriteKind.Apply)
        {
            CheckStep(format);
        }

        Writer?.Check();
        CheckKeys(format);
        if (VersionMin is < 0 or > long.MaxValue / 2)
        {
            throw new ArgumentException($"VersionMin must be in [0, 2^62); was {VersionMin}.");
        }

        if (TakesValues && !RowIds.IsEmpty)
        {
            CheckColumns(format);
        }

        if (!Positions.IsEmpty && Positions.Length != RowIds.Length)
        {
            throw new ArgumentException($"{RowIds.Length} entries but {Positions.Length} positions.");
        }

        long byteCount = (long)RowIds.Length * CountPerEntry * ValueTypeOf(Kind, format).ByteCount();
        if (Values.Length != byteCount)
        {
            throw new ArgumentException($"{RowIds.Length} entries of {CountPerEntry} {ValueTypeOf(Kind, format)} take {byteCount} bytes; Values has {Values.Length}.");
        }

        if (WritePayload.ByteCount(this) > LogFormat.PayloadByteCountMax)
        {
            throw new ArgumentException($"The write takes more than {LogFormat.PayloadByteCountMax} bytes of log.");
        }
    }

    /// <summary>The largest write: row ids, columns and values together. Unit: bytes.</summary>
    public const int ByteCountMax = LogFormat.PayloadByteCountMax;

    /// <summary>Type of a write's values.</summary>
    /// <param name="kind">What the write does.</param>
    /// <param name="format">What rows are made of.</param>
    public static ElementType ValueTypeOf(RowWriteKind kind, RowFormat format) => kind == RowWriteKind.Apply ? format.ComputeType : format.ValueType;

    private void CheckStep(RowFormat format)
    {
        if (format.Optimizer is null || !ColumnOf.IsEmpty || !Columns.IsAll(format.Width))
        {
            throw new ArgumentException("A step takes gradients of whole rows, and an optimizer.");
        }

        if (!double.IsFinite(Step.Rate) || Step.Rate < 0 || Step.Number < 1)
        {
            throw new ArgumentException($"{Step} is no step.");
        }
    }

    private void CheckKeys(RowFormat format)
    {
        // What the shard itself found to do names rows by their own ids.
        bool hasKeys = format.Keyed && (TakesValues || Kind == RowWriteKind.Erase);
        if (hasKeys ? (Keys?.Count ?? 0) != RowIds.Length : Keys is not null)
        {
            throw new ArgumentException($"{RowIds.Length} entries but {Keys?.Count ?? 0} keys; rows {(format.Keyed ? "have" : "have no")} keys.");
        }

        for (int i = 0; i < Keys?.Count; i++)
        {
            if (Keys[i].Length is 0 or > RowKeys.KeyByteCountMax)
            {
                throw new ArgumentException($"Key {i} has {Keys[i].Length} bytes; {RowKeys.Rule}.");
            }
        }
    }

    private void CheckColumns(RowFormat format)
    {
        if (ColumnOf.IsEmpty)
        {
            long last = Columns.Start + ((Columns.Count - 1L) * Columns.Step);
            if (Columns.Count < 1 || Columns.Step == 0 || Columns.Start < 0 || Columns.Start >= format.Width || last < 0 || last >= format.Width)
            {
                throw new ArgumentException($"{Columns} is not within {format.Width} columns.");
            }

            return;
        }

        if (ColumnOf.Length != RowIds.Length)
        {
            throw new ArgumentException($"{RowIds.Length} entries but {ColumnOf.Length} columns.");
        }

        foreach (int column in ColumnOf.Span)
        {
            if (column < 0 || column >= format.Width)
            {
                throw new ArgumentException($"Column {column} is outside [0, {format.Width}).");
            }
        }
    }
}
