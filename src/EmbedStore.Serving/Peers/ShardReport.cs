using System.Text.Json;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>What is known of one shard of a table, wherever it is.</summary>
/// <param name="Owner">Name of the server that owns it; empty when nobody is known to.</param>
/// <param name="State"><c>serving</c>, <c>read_only</c>, <c>recovering</c>, <c>unavailable</c> or <c>empty</c>: an empty shard of a server that owns all has no files yet.</param>
/// <param name="Statistics">Where it is open.</param>
public sealed record ShardReport(string Owner, string State, ShardStatistics? Statistics)
{
    /// <summary>Of a shard of this server.</summary>
    public static ShardReport Of(string owner, ShardSlot slot) => new(
        owner,
        slot.Opened is { } shard ? shard.AcceptsWrites ? "serving" : "read_only"
        : slot.Failure is not null ? "unavailable"
        : slot.IsHeldBack ? "recovering"
        : "empty",
        slot.Opened?.Statistics);
}

/// <summary>The call <see cref="PeerCall.Report"/>: JSON, for it is rare and its fields change.</summary>
internal static class ReportMessage
{
    public static PeerBuffer Answer(ShardSlot slot, Shard shard)
    {
        PeerBuffer buffer = PeerAnswer.Done(shard);
        new PeerWriter(buffer).Many<byte>(JsonSerializer.SerializeToUtf8Bytes(ShardReport.Of("", slot)));
        return buffer;
    }

    public static ShardReport Read(string owner, PeerAnswer answer) =>
        JsonSerializer.Deserialize<ShardReport>(new PeerReader(answer.Body).Many<byte>())! with { Owner = owner };
}
