using System.Text.Json.Nodes;
using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>A table as JSON: name and spec, and under <c>stats</c> what it holds and where.</summary>
internal static class TableDescription
{
    /// <param name="table">Under a lease.</param>
    /// <param name="shards">By number.</param>
    /// <param name="snapshotByteCount">Of all its snapshots.</param>
    public static JsonObject Of(Table table, IReadOnlyList<ShardReport> shards, long snapshotByteCount)
    {
        JsonObject json = Spec(table);
        json["stats"] = Stats(table, shards, snapshotByteCount);
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
        ["device"] = bytes.Device,
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

    private static JsonObject Stats(Table table, IReadOnlyList<ShardReport> shards, long snapshotByteCount)
    {
        var json = new JsonObject
        {
            ["version"] = table.Version,
            ["rows"] = shards.Sum(static shard => shard.Statistics?.RowCount ?? 0),
            ["bytes"] = Bytes(TableBytes.Of(table, shards, snapshotByteCount)),
            ["shards"] = new JsonArray(shards.Select(static (shard, number) => Shard(shard, number)).ToArray<JsonNode>()),
        };
        if (table.Spec.Admission is not null)
        {
            json.Insert(2, "candidates", shards.Sum(static shard => (long)(shard.Statistics?.CandidateCount ?? 0)));
        }

        return json;
    }

    private static JsonObject Shard(ShardReport shard, int number)
    {
        var json = new JsonObject { ["shard"] = number, ["owner"] = shard.Owner, ["state"] = shard.State };
        if (shard.Statistics is { } statistics)
        {
            json["rows"] = statistics.RowCount;
            json["candidates"] = statistics.CandidateCount;
            json["first_lsn"] = statistics.FirstLsn;
            json["last_lsn"] = statistics.LastLsn;
            json["epoch"] = statistics.OwnerEpoch;
            json["log_bytes"] = statistics.Bytes.Log;
            json["log_segments"] = statistics.SegmentCount;
        }

        return json;
    }
}
