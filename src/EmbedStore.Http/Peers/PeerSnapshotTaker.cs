using EmbedStore.Serving;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>Of a server in a cluster: who owns a table's first shard says when it is due, and the catalog's home leads.</summary>
internal sealed class PeerSnapshotTaker(TableSnapshots snapshots, IShardOwners owners, PeerHttp peers) : ISnapshotTaker
{
    public bool LooksAfter(Table table) => table.Shards[0].Opened is not null;

    public async Task TakeAsync(Table table, CancellationToken cancellation)
    {
        PeerServer home = await owners.FindHomeAsync(Homes.Catalog, cancellation);
        if (home.IsHere)
        {
            await snapshots.TakeAsync(table, cancellation);
            return;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(home.Address, $"/v1/tables/{table.Name}/snapshot"));
        using HttpResponseMessage answer = await peers.SendAsync(home, request, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw new EmbedStoreException(ErrorCode.ShardUnavailable, $"Server {home.Name} took no snapshot: {(int)answer.StatusCode}.", new Fact("shard", null));
        }
    }
}
