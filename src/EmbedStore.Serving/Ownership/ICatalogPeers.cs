namespace EmbedStore.Serving;

/// <summary>The other servers that share the catalog's folder.</summary>
public interface ICatalogPeers
{
    /// <summary>Has them take over what was changed, and waits for those that answer soon; the others find it themselves.</summary>
    Task AnnounceAsync();
}

/// <summary>There are none.</summary>
public sealed class NoCatalogPeers : ICatalogPeers
{
    /// <inheritdoc/>
    public Task AnnounceAsync() => Task.CompletedTask;
}
