using System.Globalization;

namespace EmbedStore.Serving;

/// <summary>Names one shard of one generation of a table, in the whole cluster and for good.</summary>
/// <param name="TableId">Number of the table's folder.</param>
/// <param name="Generation">Of the table.</param>
/// <param name="Shard">Number of the shard in the table.</param>
public readonly record struct ShardKey(long TableId, int Generation, int Shard)
{
    /// <summary><c>42/1/3</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{TableId}/{Generation}/{Shard}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ShardKey Parse(string text) =>
        text.Split('/') is [{ } table, { } generation, { } shard]
            ? new ShardKey(Number(table), (int)Number(generation), (int)Number(shard))
            : throw new FormatException($"'{text}' names no shard.");

    private static long Number(string digits) => long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
