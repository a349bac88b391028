using System.Text.Json.Nodes;
using EmbedStore.Http.Tests.OpenApi;
using EmbedStore.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Http.Tests;

/// <summary>Each role may make the calls that it may, and no others.</summary>
public sealed class RoleTests(KeyedServer server) : IClassFixture<KeyedServer>
{
    public static TheoryData<string?, int> Roles => new() { { null, -1 }, { "reader", (int)KeyRole.Read }, { "writer", (int)KeyRole.Write }, { "owner", (int)KeyRole.Admin } };

    /// <summary>A path that is new needs a role, and a line in the list.</summary>
    [Fact]
    public async Task EveryPath_AsksForTheRoleOfTheListAndOfTheDocument()
    {
        using var folder = new TemporaryFolder();
        await using WebApplication app = EmbedStoreHost.Build(new ConfigurationBuilder().AddInMemoryCollection([new("EmbedStore:Data", folder["data"])]).Build());
        IEnumerable<string> mapped =
            from endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            where method != "HEAD"
            select $"{method} {endpoint.RoutePattern.RawText} {NameOf(endpoint.Metadata.GetRequiredMetadata<CallRule>().Role)}";
        IEnumerable<string> documented = OpenApiDocument.Operations.Select(static call => $"{call.Method} {call.Path} {(call.Operation["security"] is JsonArray { Count: 0 } ? "open" : (string)call.Operation["x-role"]!)}");
        IEnumerable<string> listed = KnownCall.All.Select(static call => $"{call} {NameOf(call.Role)}").Order();
        Assert.Equal(listed, mapped.Order());
        Assert.Equal(listed, documented.Order());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task EveryCall_IsAnsweredOrRefusedByTheRoleOfItsKey_AndARefusedOneChangesNothing(string? key, int role)
    {
        string table = await NewAsync();
        ApiClient api = server.Client(key);
        foreach (KnownCall call in KnownCall.All)
        {
            bool isAllowed = call.Role is null || role >= (int)call.Role;
            string before = isAllowed ? "" : await StateAsync(table);
            Answer answer = await call.SendAsync(api, table);
            if (isAllowed)
            {
                Assert.True(answer.Status is >= 200 and < 300, $"{call}: {answer.Status} {answer.Text}");
                continue;
            }

            string fact = $"\"table\": {(call.HasTable ? $"\"{table}\"" : "null")}";
            Expect.Refused(answer, key is null ? 401 : 403, key is null ? "unauthenticated" : "forbidden", fact);
            Assert.Equal(key is null ? "Bearer" : null, answer.Headers.GetValueOrDefault("www-authenticate"));
            Assert.Equal(before, await StateAsync(table));
        }
    }

    [Fact]
    public async Task Head_AsksForWhatGetDoes()
    {
        string table = await NewAsync();
        Assert.Equal(200, (await server.Client("reader").SendAsync(HttpMethod.Head, $"/v1/tables/{table}")).Status);
        Answer refused = await server.Client(null).SendAsync(HttpMethod.Head, $"/v1/tables/{table}");
        Assert.Equal((401, 0, "Bearer"), (refused.Status, refused.Body.Length, refused.Headers["www-authenticate"]));
        Assert.Equal(200, (await server.Client(null).SendAsync(HttpMethod.Head, "/health/live")).Status);
    }

    [Fact]
    public async Task WhatIsNotServed_IsToldOnlyToThoseWithAKey()
    {
        Expect.Refused(await server.Client(null).GetAsync("/v1/nothing"), 401, "unauthenticated");
        Expect.Refused(await server.Client(null).GetAsync("/nothing"), 401, "unauthenticated");
        Expect.Refused(await server.Client(null).SendAsync(HttpMethod.Patch, "/v1/tables/t"), 401, "unauthenticated");
        Expect.Refused(await server.Client("reader").GetAsync("/v1/nothing"), 404, "unknown_path");
        Expect.Refused(await server.Client("reader").SendAsync(HttpMethod.Patch, "/v1/tables/t"), 405, "method_not_allowed");
    }

    private static string NameOf(KeyRole? role) => role is null ? "open" : KeyRoles.NameOf(role.Value);

    private async Task<string> NewAsync()
    {
        string table = Tables.NewName();
        (await server.Owner.CreateAsync(table, KnownCall.Spec)).Success();
        (await server.Owner.PostJsonAsync($"/v1/tables/{table}/put", """{"index": "[:]", "tensors": {"values": [[1, 2]]}}""")).Success();
        (await server.Owner.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/snapshot")).Success();
        return table;
    }

    /// <summary>All that a call could have changed.</summary>
    private async Task<string> StateAsync(string table)
    {
        ApiClient api = server.Owner;
        Answer rows = await api.GatherAsync(table, "[...]");
        return $"{rows.Status} {rows.Version} {Convert.ToHexString(rows.Body)} {(await api.GetAsync($"/v1/tables/{table}/snapshots")).Text}";
    }
}
