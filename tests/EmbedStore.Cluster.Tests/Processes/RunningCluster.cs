namespace EmbedStore.Cluster.Tests;

/// <summary>Three servers for tests that break none of them.</summary>
public sealed class RunningCluster : IAsyncLifetime
{
    private SiloCluster? _cluster;

    internal SiloCluster Cluster => _cluster ?? throw new InvalidOperationException(PostgresServer.WhyNot);

    public async Task InitializeAsync() => _cluster = PostgresServer.WhyNot is null ? await SiloCluster.StartAsync(3) : null;

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
