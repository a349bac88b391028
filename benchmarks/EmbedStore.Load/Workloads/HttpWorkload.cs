namespace EmbedStore.Load;

/// <summary>Question: how fast do many rows come over a socket, beside the stores that are used for it today and beside the socket itself?</summary>
internal sealed class HttpWorkload : IWorkload
{
    private static readonly Goal OverRedis = Goal.AtLeast(10);
    private static readonly Goal OverSocket = Goal.AtLeast(0.6);

    public string Name => "http";

    public string Describe(LoadOptions options) =>
        $"(512, 64) ids of {options.TableRowCount:N0} × 64 F32 over one connection on loopback: safetensors over HTTP/1.1; MGET of 512 keys of 8 bytes, 16 commands on their way; get of 128 keys, 16 on their way; a socket that moves as many bytes of ids and of rows made beforehand.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        Rival[] rivals = [Rival.Redis(stage.Redis, OverRedis), Rival.Memcached(stage.Memcached)];
        return [.. IdSource.Both(stage.Rows.RowCount).SelectMany(ids => HttpComparison.Run(stage.Options, "HTTP (512, 64)", stage.Rows, stage.Table, ids, rivals, OverSocket))];
    }
}
