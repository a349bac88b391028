using System.Text;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>One call of each path of the API, and what it asks of a key: the tests' own list.</summary>
/// <param name="Method">Verb.</param>
/// <param name="Path">As it is mapped.</param>
/// <param name="Role">Null: no key is needed.</param>
/// <param name="Body">JSON; of an import, text. <c>$</c> stands for the table.</param>
/// <param name="Query">What the call cannot do without.</param>
internal sealed record KnownCall(string Method, string Path, KeyRole? Role, string? Body = null, string Query = "")
{
    public const string Spec = """{"shape": [8, 2], "optimizer": {"kind": "sgd", "lr": 0.1}}""";

    private const string Ids = """{"tensors": {"ids": [1]}}""";

    public static IReadOnlyList<KnownCall> All { get; } =
    [
        new("GET", "/health/live", null),
        new("GET", "/health/ready", null),
        new("GET", "/openapi/v1.json", null),
        new("GET", "/v1/server", KeyRole.Read),
        new("GET", "/v1/tables", KeyRole.Read),
        new("GET", "/v1/tables/{table}", KeyRole.Read),
        new("GET", "/v1/tables/{table}/writers/{writer}", KeyRole.Read),
        new("GET", "/v1/tables/{table}/snapshots", KeyRole.Read),
        new("GET", "/v1/tables/{table}/export", KeyRole.Read, Query: "?format=npy"),
        new("POST", "/v1/tables/{table}/gather", KeyRole.Read, Ids),
        new("POST", "/v1/tables/{table}/source", KeyRole.Read, Ids),
        new("POST", "/v1/tables/{table}/bag", KeyRole.Read, """{"tensors": {"ids": [[1]]}}"""),
        new("POST", "/v1/tables/{table}/nearest", KeyRole.Read, """{"tensors": {"queries": [[1, 1]]}, "k": 1}"""),
        new("POST", "/v1/tables/{table}/prefetch", KeyRole.Read, Ids),
        new("POST", "/v1/estimate", KeyRole.Read, Spec),
        new("POST", "/v1/lookup", KeyRole.Read, """{"tensors": {"f.ids": [1]}, "features": [{"name": "f", "table": "$"}]}"""),
        new("POST", "/v1/tables/{table}/put", KeyRole.Write, """{"tensors": {"ids": [1], "values": [[5, 6]]}}"""),
        new("POST", "/v1/tables/{table}/apply", KeyRole.Write, """{"tensors": {"ids": [1], "gradients": [[1, 1]]}}"""),
        new("POST", "/v1/tables/{table}/erase", KeyRole.Write, Ids),
        new("POST", "/v1/update", KeyRole.Write, """{"tensors": {"f.ids": [1], "f.values": [[7, 8]]}, "features": [{"name": "f", "table": "$", "op": "put"}]}"""),
        new("POST", "/v1/tables/{table}/import", KeyRole.Write, "2 0.5 0.5\n", "?format=text"),
        new("POST", "/v1/tables/{table}/snapshot", KeyRole.Admin),
        new("POST", "/v1/tables/{table}/restore", KeyRole.Admin, Query: "?snapshot=1"),
        new("DELETE", "/v1/tables/{table}", KeyRole.Admin),
        new("PUT", "/v1/tables/{table}", KeyRole.Admin, Spec),
    ];

    /// <summary>Whether its path names its table.</summary>
    public bool HasTable => Path.Contains("{table}", StringComparison.Ordinal);

    public Task<Answer> SendAsync(ApiClient api, string table)
    {
        string path = Path.Replace("{table}", table, StringComparison.Ordinal).Replace("{writer}", "w", StringComparison.Ordinal) + Query;
        string mediaType = Path.EndsWith("/import", StringComparison.Ordinal) ? "text/plain" : "application/json";
        StringContent? content = Body is null ? null : new StringContent(Body.Replace("$", table, StringComparison.Ordinal), Encoding.UTF8, mediaType);
        return api.SendAsync(new HttpMethod(Method), path, content);
    }

    public override string ToString() => $"{Method} {Path}";
}
