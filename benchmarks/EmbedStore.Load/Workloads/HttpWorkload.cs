namespace EmbedStore.Load;

/// <summary>Question: how fast do many rows come over a socket, beside the stores that are used for it today and beside the socket itself?</summary>
internal sealed class HttpWorkload : IWorkload
{
    private static readonly Goal OverRedis = Goal.AtLeast(10);
    private static readonly Goal OverSocket = Goal.AtLeast(0.6);

    public string Name => "http";

    public string Describe(LoadOptions options) =>
        $"(512, 64) ids of {options.TableRowCount:N0} × 64 F32 over one connection on loopback: safetensors over HTTP/1.1; MGET of 512 keys of 8 bytes, 16 commands on their way; get of 128 keys, 16 on their way; a socket that moves as many bytes of ids and of rows made beforehand.";

    public IReadOnlyList<Line> Run(Stage stage) => [.. IdSource.Both(stage.Rows.RowCount).SelectMany(ids => Compare(stage, ids))];

    private static IEnumerable<Line> Compare(Stage stage, IdSource ids)
    {
        IdBatch[] batches = Shapes.Large(ids);
        using var ours = new EmbedStorePeer(stage.Table);
        using var socket = new RawSocketPeer(stage.Rows, batches);
        IPeer[] peers = [.. new IPeer?[] { ours, stage.Redis.Value, stage.Memcached.Value, socket }.OfType<IPeer>()];
        SameBytes.Require(stage.Rows, batches, peers);
        byte[] answer = Shapes.Answer(batches, stage.Rows);
        Rounds rounds = Rounds.Run(stage.Options, [.. peers.Select(peer => Sampling.Throughput(stage.Options, peer.Name, batches, batch => peer.Read(batch, answer)))]);
        Line Over(IPeer? peer, string name, string reason, Goal? goal)
        {
            string figure = $"HTTP (512, 64) / {name}, {ids.Name}";
            return peer is null ? Line.NotRun(figure, reason, goal) : Line.Of(figure, rounds, ours.Name, peer.Name, Unit.RowsPerSecond, goal);
        }

        return
        [
            Over(stage.Redis.Value, "Redis MGET", stage.Redis.Reason, OverRedis),
            Over(stage.Memcached.Value, "memcached get", stage.Memcached.Reason, null),
            Over(socket, socket.Name, "", OverSocket),
        ];
    }
}
