namespace EmbedStore.Cluster.Tests;

internal static class TestTimes
{
    /// <summary>How long anything may take on a busy machine before a test calls it missing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
}
