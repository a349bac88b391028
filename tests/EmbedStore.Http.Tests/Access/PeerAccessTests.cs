using EmbedStore.Testing;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Http.Tests;

/// <summary>In a cluster the server that is asked checks the key, whichever server does the call.</summary>
public sealed class PeerAccessTests : IAsyncLifetime
{
    private readonly Keyring _keyring = new Keyring().Add("owner", "admin").Add("reader", "read").Add("narrow", "write", "a-*");
    private TwoServers _servers = null!;

    public async Task InitializeAsync() => _servers = await TwoServers.StartAsync(_keyring.Settings);

    public async Task DisposeAsync()
    {
        _keyring.Dispose();
        await _servers.DisposeAsync();
    }

    [Fact]
    public async Task Call_ThatAnotherServerDoes_IsLetInByTheKeyOrRefused()
    {
        string table = Tables.NewName();
        Expect.Refused(await Second(null).CreateAsync(table, KnownCall.Spec), 401, "unauthenticated");
        Expect.Refused(await Second("reader").CreateAsync(table, KnownCall.Spec), 403, "forbidden", $"\"table\": \"{table}\"");
        Assert.Equal(201, (await Second("owner").CreateAsync(table, KnownCall.Spec)).Status);
        await _servers.DealAsync(table);
        (await First("reader").GatherAsync(table, "[1]")).Success();
        (await Second("reader").GatherAsync(table, "[:]")).Success();
        Expect.Refused(await Second("reader").DropAsync(table), 403, "forbidden");
        Assert.Equal(204, (await Second("owner").DropAsync(table)).Status);
    }

    /// <summary>The other server reads the tables, and does not see the key.</summary>
    [Fact]
    public async Task Update_OfAWriterThatAnotherServerDoes_KeepsToTheTablesOfTheKey()
    {
        string own = "a-" + Tables.NewName();
        string other = Tables.NewName();
        foreach (string table in (string[])[own, other])
        {
            (await Second("owner").CreateAsync(table, KnownCall.Spec)).Success();
            await _servers.DealAsync(table);
        }

        // The last is what a client may try that knows how servers talk.
        Expect.Refused(await UpdateAsync("narrow", own, other), 403, "forbidden", $"\"table\": \"{other}\"");
        Expect.Refused(await UpdateAsync("narrow", own, other, (PeerDoor.GrantHeader, "narrow admin *")), 403, "forbidden", $"\"table\": \"{other}\"");
        Expect.Refused(await UpdateAsync("reader", own, own), 403, "forbidden");
        Assert.Equal(0, (await First("owner").GetAsync($"/v1/tables/{own}/writers/w"))["sequence"].GetInt64());
        (await UpdateAsync("narrow", own, null)).Success();
        Assert.Equal(1, (await First("owner").GetAsync($"/v1/tables/{own}/writers/w"))["sequence"].GetInt64());
        (await UpdateAsync("owner", other, null)).Success();
    }

    [Fact]
    public async Task PeerDoor_WithAGrantThatItCannotRead_IsClosed()
    {
        using var http = new HttpClient { BaseAddress = _servers.PeerAddress("first") };
        var api = new ApiClient(http);
        (string, string) secret = (PeerDoor.KeyHeader, new string('k', 32));
        Assert.Equal(200, (await api.SendAsync(HttpMethod.Get, "/v1/tables", null, null, secret)).Status);
        foreach (string grant in (string[])["", "*", "narrow *", "narrow write", "narrow write a b", "narrow boss *"])
        {
            Assert.Equal(401, (await api.SendAsync(HttpMethod.Get, "/v1/tables", null, null, secret, (PeerDoor.GrantHeader, grant))).Status);
        }

        Assert.Equal(401, (await api.SendAsync(HttpMethod.Get, "/v1/tables", null, null, secret, (PeerDoor.GrantHeader, "a write *"), (PeerDoor.GrantHeader, "b write *"))).Status);
    }

    [Fact]
    public void Member_WithKeysAndAnOpenDoorForServers_DoesNotStart()
    {
        using var folder = new TemporaryFolder();
        Dictionary<string, string?> settings = _keyring.Settings.ToDictionary(static setting => "EmbedStore:" + setting.Name, static setting => (string?)setting.Value);
        settings["EmbedStore:Data"] = folder["data"];
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        StartException refusal = Assert.Throws<StartException>(() => EmbedStoreHost.Build(configuration, join: static (_, _) => { }));
        Assert.StartsWith("EmbedStore:Cluster:PeerKey must not be empty when EmbedStore:Keys names keys", refusal.Message, StringComparison.Ordinal);
    }

    private ApiClient First(string? key) => _keyring.Client(_servers.First.Http.BaseAddress!, key);

    private ApiClient Second(string? key) => _keyring.Client(_servers.Second.Http.BaseAddress!, key);

    private Task<Answer> UpdateAsync(string key, string table, string? secondTable, params (string Name, string Value)[] headers)
    {
        string more = secondTable is null ? "" : $$""", {"name": "g", "table": "{{secondTable}}", "op": "put"}""";
        string tensors = secondTable is null ? "" : """, "g.ids": [1], "g.values": [[7, 8]]""";
        string body = $$"""{"tensors": {"f.ids": [1], "f.values": [[7, 8]]{{tensors}}}, "features": [{"name": "f", "table": "{{table}}", "op": "put"}{{more}}]}""";
        return Second(key).PostJsonAsync("/v1/update", body, null, [("Embedstore-Writer", "w"), ("Embedstore-Sequence", "1"), .. headers]);
    }
}
