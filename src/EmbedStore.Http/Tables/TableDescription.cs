using System.Text.Json.Nodes;
using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>A table as JSON: name and spec, and under <c>stats</c> what it holds and where.</summary>
internal static class TableDescription
{
    /// <param name="table">Under a lease.</param>
    /// <param name="snapshotByteCount">Of all its snapshots.</param>
    public static JsonObject Of(Table table, long snapshotByteCount)
    {
        JsonObject json = Spec(table);
        json["stats"] = Stats(table, snapshotByteCount);
        return json;
    }

    /// <summary>The same names for what a table takes and for what it is estimated to take.</summary>
    public static JsonObject Bytes(TableBytes bytes) => new()
    {
        ["memory"] = bytes.Memory,
        ["row_cache"] = bytes.RowCache,
        ["index"] = bytes.Index,
        ["pages"] = bytes.Pages,
        ["keys"] = bytes.Keys,
        ["vocabulary"] = bytes.Vocabulary,
        ["disk"] = bytes.Disk,
        ["scratch"] = bytes.Scratch,
        ["log"] = bytes.Log,
        ["snapshots"] = bytes.Snapshots,
        ["rows"] = bytes.Rows,
    };

    public static JsonObject Spec(Table table)
    {
        JsonObject json = TableSpecJson.Write(table.Spec);
        json.Insert(0, "name", table.Name);
        return json;
    }

    private static JsonObject Stats(Table table, long snapshotByteCount)
    {
        var json = new JsonObject
        {
            ["version"] = table.Version,
            ["rows"] = table.RowCount,
            ["bytes"] = Bytes(TableBytes.Of(table, snapshotByteCount)),
            ["shards"] = new JsonArray(table.Shards.Select(static (slot, number) => Shard(slot, number)).ToArray<JsonNode>()),
        };
        if (table.Spec.Admission is not null)
        {
            json.Insert(2, "candidates", table.Shards.Sum(static slot => (long)(slot.Opened?.Statistics.CandidateCount ?? 0)));
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
