using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>A key that is for some tables neither reaches others nor learns of them.</summary>
public sealed class TableAccessTests(KeyedServer server) : IClassFixture<KeyedServer>
{
    private ApiClient Narrow => server.Client("narrow");

    [Theory]
    [InlineData("a-1", true)]
    [InlineData("a-", true)]
    [InlineData("exact", true)]
    [InlineData("x-b-y", true)]
    [InlineData("a", false)]
    [InlineData("A-1", false)]
    [InlineData("exactly", false)]
    [InlineData("x-b", false)]
    public async Task Key_ForSomeTables_ReachesThoseOfItsPatternsOnly(string table, bool isReached)
    {
        Answer created = await Narrow.CreateAsync(table, KnownCall.Spec);
        if (isReached)
        {
            Assert.Equal(201, created.Status);
            (await Narrow.GatherAsync(table, "[1]")).Success();
            Assert.Equal(204, (await Narrow.DropAsync(table)).Status);
            return;
        }

        Expect.Refused(created, 403, "forbidden", $"\"table\": \"{table}\"");
        Expect.Refused(await server.Owner.GetAsync($"/v1/tables/{table}"), 404, "table_not_found");
    }

    [Fact]
    public async Task Table_OfOthers_IsRefusedAlikeWhetherItIsThereOrNot()
    {
        string there = await server.Owner.NewAsync("[4, 2]");
        foreach (KnownCall call in KnownCall.All.Where(static call => call.HasTable || call.Body?.Contains('$', StringComparison.Ordinal) == true))
        {
            foreach (string table in (string[])[there, Tables.NewName()])
            {
                Expect.Refused(await call.SendAsync(Narrow, table), 403, "forbidden", $"\"table\": \"{table}\"");
            }
        }

        (await server.Owner.GetAsync($"/v1/tables/{there}")).Success();
    }

    /// <summary>Another server would read such a name once more.</summary>
    [Fact]
    public async Task Table_WhoseNameIsWrittenInADisguise_IsRefused()
    {
        Expect.Refused(await Narrow.GetAsync("/v1/tables/a-%252e"), 403, "forbidden", "\"table\": \"a-%2e\"");
        Expect.Refused(await Narrow.GetAsync("/v1/tables/a-%2F..%2Fsecret"), 403, "forbidden");
        Expect.Refused(await server.Owner.GetAsync("/v1/tables/a-%252e"), 404, "table_not_found");
        Expect.Refused(await Narrow.GetAsync("/v1/tables/a-1/../secret"), 403, "forbidden", "\"table\": \"secret\"");
    }

    [Fact]
    public async Task List_ShowsTheTablesOfTheKey()
    {
        string own = "a-" + Tables.NewName();
        (await server.Owner.CreateAsync(own, KnownCall.Spec)).Success();
        string other = await server.Owner.NewAsync("[4, 2]");
        string[] all = Names(await server.Owner.GetAsync("/v1/tables"));
        string[] seen = Names(await Narrow.GetAsync("/v1/tables"));
        Assert.Contains(own, seen);
        Assert.DoesNotContain(other, seen);
        Assert.Superset(new HashSet<string> { own, other }, all.ToHashSet());
        Assert.Equal(seen.Length, (await Narrow.GetAsync("/v1/server"))["tables"].GetInt32());
        Assert.Equal(all.Length, (await server.Owner.GetAsync("/v1/server"))["tables"].GetInt32());

        static string[] Names(Answer list) => [.. list.Success()["tables"].EnumerateArray().Select(static table => table.GetProperty("name").GetString()!)];
    }

    [Fact]
    public async Task Update_OfOneTableTooMany_IsRefusedWholeAndSaysWhich()
    {
        string own = "a-" + Tables.NewName();
        (await server.Owner.CreateAsync(own, KnownCall.Spec)).Success();
        string other = await server.Owner.NewAsync("[8, 2]");
        string body = $$"""
            {"tensors": {"f.ids": [1], "f.values": [[7, 8]], "g.ids": [1], "g.values": [[7, 8]]},
             "features": [{"name": "f", "table": "{{own}}", "op": "put"}, {"name": "g", "table": "{{other}}", "op": "put"}]}
            """;
        Expect.Refused(await Narrow.PostJsonAsync("/v1/update", body), 403, "forbidden", $"\"table\": \"{other}\"");
        Assert.Equal(new byte[64], await server.Owner.ReadWholeAsync(own));
        Assert.Equal(new byte[64], await server.Owner.ReadWholeAsync(other));
        (await server.Client("writer").PostJsonAsync("/v1/update", body)).Success();
    }

    [Fact]
    public async Task Lookup_OfOneTableTooMany_IsRefusedAndSaysWhich()
    {
        string own = "a-" + Tables.NewName();
        (await server.Owner.CreateAsync(own, KnownCall.Spec)).Success();
        string features = $$"""[{"name": "f", "table": "{{own}}"}]""";
        (await Narrow.PostJsonAsync("/v1/lookup", $$"""{"tensors": {"f.ids": [1]}, "features": {{features}}}""")).Success();
        Expect.Refused(
            await Narrow.PostJsonAsync("/v1/lookup", $$"""{"tensors": {"f.ids": [1]}, "features": [{"name": "f", "table": "{{own}}"}, {"name": "g", "table": "other"}]}"""), 403, "forbidden", "\"table\": \"other\"");
    }

    /// <summary>A name may come in any form that reads as one, and beside other mistakes.</summary>
    [Theory]
    [InlineData("""[{"name": "f", "table": 5}]""", "5")]
    [InlineData("""[{"name": "f", "table": "a-1", "table": "other"}]""", "other")]
    [InlineData("""[{"name": "f", "\u0074able": "\u006fther"}]""", "other")]
    [InlineData("""[{"table": "other", "no_such_field": 1}]""", "other")]
    [InlineData("""[5, {"table": "other"}]""", "other")]
    public async Task Features_ThatNameATableOfOthers_AreRefusedBeforeAllElse(string features, string table)
    {
        foreach (string path in (string[])["/v1/lookup", "/v1/update"])
        {
            Answer refused = await Narrow.PostJsonAsync($"{path}?no_such_parameter=1&features={Uri.EscapeDataString(features)}", """{"tensors": {}}""");
            Expect.Refused(refused, 403, "forbidden", $"\"table\": \"{table}\"");
        }
    }

    [Theory]
    [InlineData("5")]
    [InlineData("""[5]""")]
    [InlineData("""[{"name": "f"}]""")]
    [InlineData("""[{"name": "f", "table": null}]""")]
    [InlineData("\"\"")]
    [InlineData("""[{"name": "f", "table": "\ud800"}]""")]
    public async Task Features_ThatNameNoTable_AreRefusedAsWithoutKeys(string features)
    {
        foreach (string path in (string[])["/v1/lookup", "/v1/update"])
        {
            Answer refused = await Narrow.PostJsonAsync(path, $$"""{"tensors": {}, "features": {{features}}}""");
            Assert.True(refused.Status == 400, refused.Text);
        }
    }
}
