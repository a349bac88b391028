using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>Question: what do narrower and wider rows change?</summary>
internal sealed class TablesWorkload : IWorkload
{
    public string Name => "tables";

    public string Describe(LoadOptions options) => $"as `http`, of {string.Join(" and of ", TablesOf(options).Select(Describe))}; each on servers of its own, without memcached.";

    public IReadOnlyList<Line> Run(Stage stage) => [.. TablesOf(stage.Options).SelectMany(rows => Compare(stage, rows))];

    private static List<Line> Compare(Stage stage, RowSet rows)
    {
        using EmbedStoreServer server = stage.Serve(Stage.MemoryByteCountFor(rows));
        using Optional<RedisPeer> redis = stage.StartRedis(rows);
        EmbedStoreTable table = EmbedStoreTable.Load(server, "rows", rows);
        Rival[] rivals = [Rival.Redis(redis, null)];
        return [.. IdSource.Both(rows.RowCount).SelectMany(ids => HttpComparison.Run(stage.Options, $"HTTP (512, 64) of {Describe(rows)}", rows, table, ids, rivals, null))];
    }

    /// <summary>By default 8 M × 16, where the work of a row is not its bytes, and 200,000 × 768, where it is nothing else.</summary>
    private static RowSet[] TablesOf(LoadOptions options) => [new(options.TableRowCount * 8, 16), new(options.TableRowCount / 5, 768, ElementType.F16)];

    private static string Describe(RowSet rows) => $"{rows.RowCount:N0} × {rows.Width} {rows.Type.WireName()}";
}
