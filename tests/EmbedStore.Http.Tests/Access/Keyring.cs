using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>Keys that a test makes: what a server gets of them, and clients that show them.</summary>
internal sealed class Keyring : IDisposable
{
    private readonly Dictionary<string, (string Key, KeyOptions Options)> _keys = [];
    private readonly List<HttpClient> _clients = [];

    public string this[string name] => _keys[name].Key;

    /// <summary>Every key as it travels.</summary>
    public IEnumerable<string> Keys => _keys.Values.Select(static key => key.Key);

    /// <summary>Names without <c>EmbedStore:</c>.</summary>
    public (string Name, string Value)[] Settings =>
        [.. _keys.SelectMany(static key => new[] { ("Role", key.Value.Options.Role), ("Tables", key.Value.Options.Tables), ("Hash", key.Value.Options.Hash) }.Select(part => ($"Keys:{key.Key}:{part.Item1}", part.Item2)))];

    public Keyring Add(string name, string role, string tables = "*")
    {
        string key = AccessKey.New();
        _keys[name] = (key, new KeyOptions { Role = role, Tables = tables, Hash = KeyHash.Of(key).ToString() });
        return this;
    }

    /// <param name="server">Address.</param>
    /// <param name="name">Of a key; null: none is shown.</param>
    public ApiClient Client(Uri server, string? name) => ClientOf(server, name is null ? [] : [$"Bearer {this[name]}"]);

    /// <param name="server">Address.</param>
    /// <param name="headers">Each an Authorization header, as it is.</param>
    public ApiClient ClientOf(Uri server, params string[] headers)
    {
        var http = new HttpClient { BaseAddress = server, Timeout = ServerProgram.Patience };
        _clients.Add(http);
        foreach (string header in headers)
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        }

        return new ApiClient(http);
    }

    public void Dispose() => _clients.ForEach(static client => client.Dispose());
}
