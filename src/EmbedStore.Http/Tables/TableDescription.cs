using System.Text.Json.Nodes;
using EmbedStore.Serving;
using EmbedStore.Shards;

namespace EmbedStore.Http;

/// <summary>A table as JSON: name and spec, and under <c>stats</c> what it holds and where.</summary>
internal static class TableDescription
{
    public static JsonObject Of(Table table)
    {
        JsonObject json = Spec(table);
        json["stats"] = Stats(table);
        return json;
    }

    public static JsonObject Spec(Table table)
    {
        JsonObject json = TableSpecJson.Write(table.Spec);
        json.Insert(0, "name", table.Name);
        return json;
    }

    private static JsonObject Stats(Table table)
    {
        List<ShardStatistics> opened = table.Shards.Select(static slot => slot.Opened?.Statistics).OfType<ShardStatistics>().ToList();
        var json = new JsonObject
        {
            ["version"] = table.Version,
            ["rows"] = table.RowCount,
            ["bytes"] = new JsonObject
            {
                ["memory"] = opened.Sum(static shard => shard.MemoryByteCount),
                ["row_cache"] = table.Resident?.ByteCount ?? 0,
                ["keys"] = opened.Sum(static shard => shard.KeyByteCount),
                ["rows"] = opened.Sum(static shard => shard.RowLogByteCount),
                ["log"] = opened.Sum(static shard => shard.LogByteCount),
            },
            ["shards"] = new JsonArray(table.Shards.Select(static (slot, number) => Shard(slot, number)).ToArray<JsonNode>()),
        };
        if (table.Spec.Admission is not null)
        {
            json.Insert(2, "candidates", opened.Sum(static shard => (long)shard.CandidateCount));
        }

        return json;
    }

    private static JsonObject Shard(ShardSlot slot, int number)
    {
        var json = new JsonObject { ["shard"] = number, ["owner"] = Environment.MachineName, ["state"] = StateOf(slot) };
        if (slot.Opened?.Statistics is { } statistics)
        {
            json["rows"] = statistics.RowCount;
            json["candidates"] = statistics.CandidateCount;
            json["first_lsn"] = statistics.FirstLsn;
            json["last_lsn"] = statistics.LastLsn;
            json["epoch"] = statistics.OwnerEpoch;
            json["log_bytes"] = statistics.LogByteCount;
            json["log_segments"] = statistics.SegmentCount;
        }

        return json;
    }

    /// <summary>An empty shard has no files and is opened with its first write.</summary>
    private static string StateOf(ShardSlot slot) =>
        slot.Opened is { } shard ? shard.AcceptsWrites ? "serving" : "read_only"
        : slot.Failure is not null ? "unavailable"
        : slot.IsHeldBack ? "recovering"
        : "empty";
}
