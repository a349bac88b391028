namespace EmbedStore.Cluster;

/// <summary>This server, as its grains speak of it.</summary>
internal sealed class ServerSelf(ClusterSettings settings)
{
    private volatile bool _leaving;

    /// <summary>Where its grains are.</summary>
    public OwnerAnswer Answer { get; } = new(settings.ServerName, new UriBuilder(Uri.UriSchemeHttp, settings.MemberEndpoint.Address.ToString(), settings.PeerPort).Uri);

    /// <summary>From now on no grain begins here.</summary>
    public void Leave() => _leaving = true;

    /// <summary>Checks that a grain may begin here.</summary>
    /// <exception cref="SiloUnavailableException">The server is about to leave.</exception>
    public void RequireStaying()
    {
        if (_leaving)
        {
            throw new SiloUnavailableException($"{Answer.Server} is about to leave.");
        }
    }
}
