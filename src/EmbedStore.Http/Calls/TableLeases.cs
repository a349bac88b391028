using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>The tables of one call, each leased once.</summary>
internal sealed class TableLeases(TableCatalog catalog) : IDisposable
{
    private readonly Dictionary<string, TableLease> _leases = new(StringComparer.Ordinal);

    /// <exception cref="Tensors.EmbedStoreException">TableNotFound.</exception>
    public Table Lease(string name)
    {
        if (!_leases.TryGetValue(name, out TableLease lease))
        {
            _leases[name] = lease = catalog.Lease(name);
        }

        return lease.Table;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TableLease lease in _leases.Values)
        {
            lease.Dispose();
        }
    }
}
