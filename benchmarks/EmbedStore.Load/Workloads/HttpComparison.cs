namespace EmbedStore.Load;

/// <summary>Large requests over one connection on loopback, beside those who answer the same ids and beside a socket that only moves the bytes.</summary>
internal static class HttpComparison
{
    /// <param name="figure">What is asked, as the table of results says it.</param>
    /// <param name="table">Filled with <paramref name="rows"/>.</param>
    /// <param name="rivals">Filled with <paramref name="rows"/> too, where they are here.</param>
    /// <param name="overSocket">What the ratio to the raw socket is to reach, or null.</param>
    public static IEnumerable<Line> Run(LoadOptions options, string figure, RowSet rows, EmbedStoreTable table, IdSource ids, IReadOnlyList<Rival> rivals, Goal? overSocket)
    {
        IdBatch[] batches = Shapes.Large(ids, rows);
        using var ours = new EmbedStorePeer(table);
        using var socket = new RawSocketPeer(rows, batches);
        rivals = [.. rivals, new Rival(socket.Name, socket, "", overSocket)];
        IPeer[] peers = [ours, .. rivals.Select(static rival => rival.Peer).OfType<IPeer>()];
        SameBytes.Require(rows, batches, peers);
        byte[] answer = Shapes.Answer(batches, rows);
        Rounds rounds = Rounds.Run(options, [.. peers.Select(peer => Sampling.Throughput(options, peer.Name, batches, batch => peer.Read(batch, answer)))]);
        return [.. rivals.Select(rival => rival.Compare(rounds, ours, $"{figure} / {rival.Name}, {ids.Name}", Unit.RowsPerSecond))];
    }
}
