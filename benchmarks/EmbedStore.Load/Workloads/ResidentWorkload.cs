using System.Text.Json;

namespace EmbedStore.Load;

/// <summary>Question: how much memory does a table take?</summary>
internal sealed class ResidentWorkload : IWorkload
{
    private static readonly Goal Goal = Goal.AtMost(1.3);

    public string Name => "resident";

    public string Describe(LoadOptions options) =>
        $"{options.TableRowCount:N0} × 64 F32: by how much the server's process grew while the table was created and imported, and what the server itself says it takes, over the bytes of the rows; beside it the whole process of Redis with the same rows. Taken once.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        long payload = stage.Rows.PayloadByteCount;
        long grown = stage.TableResidentByteCount;
        JsonElement bytes = stage.Table.Server.Call(HttpMethod.Get, $"/v1/tables/{stage.Table.Name}").GetProperty("stats").GetProperty("bytes");
        long told = bytes.GetProperty("memory").GetInt64();
        return
        [
            Line.Once("bytes resident / payload, growth of the process", grown, payload, Unit.MebiBytes, Goal),
            Line.Once("bytes resident / payload, as the server says", told, payload, Unit.MebiBytes, null),
            stage.Redis.Value is { } redis
                ? Line.Once("bytes resident of Redis / payload", redis.ResidentByteCount, payload, Unit.MebiBytes, null)
                : Line.NotRun("bytes resident of Redis / payload", stage.Redis.Reason, null),
        ];
    }
}
