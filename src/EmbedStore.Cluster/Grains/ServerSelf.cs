namespace EmbedStore.Cluster;

/// <summary>This server, as its grains speak of it.</summary>
internal sealed class ServerSelf(ClusterSettings settings, ClusterView view)
{
    private volatile bool _leaving;

    /// <summary>Where its grains are.</summary>
    public OwnerAnswer Answer { get; } = new(settings.ServerName, new UriBuilder(Uri.UriSchemeHttp, settings.MemberEndpoint.Address.ToString(), settings.PeerPort).Uri);

    /// <summary>From now on no grain begins here.</summary>
    public void Leave() => _leaving = true;

    /// <summary>Whether a grain may begin here. The runtime begins one without asking for its place when a call arrives for one that has just ended.</summary>
    public bool Admits(Func<ClusterState, string?> wanted) => !_leaving && (wanted(view.Current) is not { } server || server == view.Self);

    /// <summary>What a grain answers that began here and may not.</summary>
    public SiloUnavailableException Refusal() => new($"{Answer.Server} does not take this now.");
}
