namespace EmbedStore.Cluster;

/// <summary>How long calls of grains wait for their answer, in the form that attributes take.</summary>
internal static class CallTimes
{
    /// <summary>A question that needs no work: more than this means that the server which should answer is gone, and that is worth another try.</summary>
    public const string Owner = "00:00:02";

    /// <summary>Closing a shard: its last writes are committed.</summary>
    public const string Release = "00:00:30";
}
