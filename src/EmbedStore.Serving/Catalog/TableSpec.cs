using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What a table is, as its creator said it, with every default filled in.</summary>
/// <remarks>Written and read by <see cref="TableSpecJson"/>. A changed spec is another table, never an edit. Immutable; compares by value.</remarks>
public sealed record TableSpec
{
    /// <summary>Most elements that a row beside other dimensions has. Unit: elements. Its bytes are limited by <see cref="RowFormat.RowByteCountMax"/> too.</summary>
    public const int RowWidthMax = 65_536;

    /// <summary>Most shards of one table. Unit: shards.</summary>
    public const int ShardCountMax = 1024;

    /// <summary>Sizes, outermost first, each at least 1; the first is null when the vocabulary is open.</summary>
    public required IReadOnlyList<long?> Sizes { get; init; }

    /// <summary>Stored element type. Default: F32. Not I16, not BOOL.</summary>
    public ElementType Type { get; init; } = ElementType.F32;

    /// <summary>Each row has a scale of its own, F32. With I8 always, else never.</summary>
    public bool ScaledByRow { get; init; }

    /// <summary>What names a row. Default: an integer. Strings name rows of an open vocabulary only.</summary>
    public KeyKind Key { get; init; }

    /// <summary>Shards that the rows are spread over. Range: [1, <see cref="ShardCountMax"/>].</summary>
    public required int ShardCount { get; init; }

    /// <summary>What a missing row reads as. Default: initialize when there is an initializer, zeros otherwise.</summary>
    public MissingPolicy Missing { get; init; }

    /// <summary>What a row starts from; null: zeros.</summary>
    public InitializerSpec? Initializer { get; init; }

    /// <summary>What updates rows by gradients; null: nothing does.</summary>
    public OptimizerSpec? Optimizer { get; init; }

    /// <summary>What an acknowledgement means. Default: <see cref="Durability.Commit"/>.</summary>
    public Durability Durability { get; init; } = Durability.Commit;

    /// <summary>Longest <see cref="TimeToLive"/>. Unit: seconds.</summary>
    public const double TimeToLiveMax = RowFormat.TimeToLiveMillisecondsMax / 1000.0;

    /// <summary>Time since its last write after which a row reads as missing; null: it stays. Unit: seconds, rounded up to whole milliseconds. Range: (0, <see cref="TimeToLiveMax"/>].</summary>
    public double? TimeToLive { get; init; }

    /// <summary>When an id gets a row; null: with its first update. Open vocabularies only.</summary>
    public AdmissionSpec? Admission { get; init; }

    /// <summary>How many rows there are at the most; null: no limit. Open vocabularies only.</summary>
    public CapacitySpec? Capacity { get; init; }

    /// <summary>The table seen as a tensor.</summary>
    public TableShape ToShape() => Sizes[0] is null
        ? TableShape.Open(Sizes.Count > 1 ? Sizes[1] : null, hasKeys: Key == KeyKind.String)
        : new TableShape(TensorShape.Of(Sizes.Select(static size => size!.Value).ToArray()));

    /// <summary>What one row is made of.</summary>
    /// <exception cref="ArgumentException">The row is too large, or initializer or optimizer cannot be.</exception>
    public RowFormat ToRowFormat() =>
        new RowFormat(Type, (int)ToShape().RowWidth, ScaledByRow, Initializer?.ToInitializer(), Optimizer?.ToOptimizer())
        {
            TimeToLiveMilliseconds = TimeToLive is { } seconds ? (long)Math.Ceiling(seconds * 1000) : null,
            AdmissionCount = Admission?.MinCount ?? 1,
            Keyed = Key == KeyKind.String,
        };

    /// <inheritdoc/>
    public bool Equals(TableSpec? other) => other is not null && TableSpecJson.Differences(this, other).Count == 0;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Sizes.Count, Type, ShardCount, Missing);
}
