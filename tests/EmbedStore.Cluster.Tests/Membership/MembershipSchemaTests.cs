using System.Net;
using Npgsql;

namespace EmbedStore.Cluster.Tests;

/// <summary>On a real PostgreSQL.</summary>
public sealed class MembershipSchemaTests(PostgresInstance postgres) : IClassFixture<PostgresInstance>
{
    [PostgresFact]
    public async Task Migrate_TwiceAndAtOnce_ChangesTheDatabaseOnce()
    {
        string database = await postgres.NewDatabaseAsync();
        bool[] changed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MembershipSchema.MigrateAsync(database)));

        Assert.Single(changed, true);
        Assert.False(await MembershipSchema.MigrateAsync(database));
        Assert.Equal(MembershipQueries.All.Count, (int)await PostgresInstance.ReadAsync<long>(database, "SELECT count(*) FROM OrleansQuery"));
    }

    [PostgresFact]
    public async Task Migrate_QueryOfAnOlderVersion_IsReplacedAndMembersStay()
    {
        string database = await postgres.NewDatabaseAsync();
        await MembershipSchema.MigrateAsync(database);
        await PostgresInstance.ExecuteAsync(database, "UPDATE OrleansQuery SET QueryText = 'old' WHERE QueryKey = 'GatewaysQueryKey'; INSERT INTO OrleansMembershipVersionTable (DeploymentId, Version) VALUES ('c', 5)");

        Assert.True(await MembershipSchema.MigrateAsync(database));
        Assert.Equal(5, await PostgresInstance.ReadAsync<int>(database, "SELECT Version FROM OrleansMembershipVersionTable"));
        Assert.NotEqual("old", await PostgresInstance.ReadAsync<string>(database, "SELECT QueryText FROM OrleansQuery WHERE QueryKey = 'GatewaysQueryKey'"));
    }

    [PostgresFact]
    public async Task Migrate_UserWhoMayNotCreate_PassesOnADatabaseThatIsUpToDate()
    {
        string database = await postgres.NewDatabaseAsync();
        await MembershipSchema.MigrateAsync(database);
        await PostgresInstance.ExecuteAsync(database, """
            DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'server') THEN CREATE ROLE server LOGIN; END IF; END $$;
            GRANT SELECT ON OrleansQuery TO server
            """);
        string asServer = new NpgsqlConnectionStringBuilder(database) { Username = "server" }.ConnectionString;

        Assert.False(await MembershipSchema.MigrateAsync(asServer));
        await PostgresInstance.ExecuteAsync(database, "DELETE FROM OrleansQuery");
        await Assert.ThrowsAsync<PostgresException>(() => MembershipSchema.MigrateAsync(asServer));
    }

    [PostgresFact]
    public async Task Cluster_OverTheDatabase_FormsAndGoesOnWithoutItsFirstMember()
    {
        string database = await postgres.NewDatabaseAsync();
        await MembershipSchema.MigrateAsync(database);
        var shards = new FakeShards(16);
        IPEndPoint[] endpoints = Node.FreeEndpoints(4);
        Node[] nodes = await Task.WhenAll(Enumerable.Range(0, 3).Select(number => StartAsync(number)));
        await shards.WaitUntilPlacedAsync("s0", "s1", "s2");
        await nodes[0].DisposeAsync();
        await shards.WaitUntilPlacedAsync("s1", "s2");

        // Under its name at another address, as a pod comes back.
        Node again = await StartAsync(0, endpoints[3]);
        await shards.WaitUntilPlacedAsync("s0", "s1", "s2");
        Assert.Equal(1, shards.OwnerCountMax);
        Assert.Equal(3, await PostgresInstance.ReadAsync<long>(database, $"SELECT count(*) FROM OrleansMembershipTable WHERE Status = {(int)SiloStatus.Active}"));
        await again.DisposeAsync();
        await nodes[1].DisposeAsync();
        await nodes[2].DisposeAsync();

        Task<Node> StartAsync(int number, IPEndPoint? endpoint = null) => Node.StartAsync($"s{number}", shards, endpoint ?? endpoints[number], endpoints[0], database);
    }

    [PostgresFact]
    public async Task Start_BesideMembersThatAllCrashed_ClearsThemAwayAndJoins()
    {
        string database = await postgres.NewDatabaseAsync();
        await MembershipSchema.MigrateAsync(database);
        IPEndPoint[] endpoints = Node.FreeEndpoints(3);
        await RunAsync(database, "InsertMembershipVersionKey", ("DeploymentId", "test"));
        DateTime longAgo = DateTime.UtcNow - TimeSpan.FromMinutes(1);
        await InsertAsync(database, endpoints[0].Port, version: 0, "test", "gone:1", longAgo);

        // Its former self at another address signed a moment ago.
        await InsertAsync(database, endpoints[1].Port, version: 1, "test", "s0:1", DateTime.UtcNow);
        var shards = new FakeShards(4);
        await using Node node = await Node.StartAsync("s0", shards, endpoints[2], endpoints[2], database);
        await shards.WaitUntilPlacedAsync("s0");
        Assert.Equal("s0", Assert.Single(node.Owners.Servers).Name);
    }

    /// <summary>What the library does with the table, checked by its own contract: a change and the next version together, and one of two changes of a version.</summary>
    [PostgresFact]
    public async Task Changes_OfOneVersionAtOnce_OneHappens()
    {
        string database = await postgres.NewDatabaseAsync();
        await MembershipSchema.MigrateAsync(database);
        await RunAsync(database, "InsertMembershipVersionKey", ("DeploymentId", "c"));
        Assert.Equal(0, await RunAsync(database, "InsertMembershipVersionKey", ("DeploymentId", "c")));
        for (int version = 0; version < 20; version++)
        {
            int[] added = await Task.WhenAll(Enumerable.Range(0, 8).Select(port => InsertAsync(database, (10 * version) + port, version)));
            Assert.Equal(1, added.Sum());
        }

        Assert.Equal(20L, await PostgresInstance.ReadAsync<long>(database, "SELECT count(*) FROM OrleansMembershipTable"));
        Assert.Equal(20, await PostgresInstance.ReadAsync<int>(database, "SELECT Version FROM OrleansMembershipVersionTable"));
    }

    [PostgresFact]
    public async Task Insert_OfAMemberThatIsThere_ChangesNothing()
    {
        string database = await postgres.NewDatabaseAsync();
        await MembershipSchema.MigrateAsync(database);
        await RunAsync(database, "InsertMembershipVersionKey", ("DeploymentId", "c"));
        Assert.Equal(1, await InsertAsync(database, port: 1, version: 0));
        Assert.Equal(0, await InsertAsync(database, port: 1, version: 1));
        Assert.Equal(1, await PostgresInstance.ReadAsync<int>(database, "SELECT Version FROM OrleansMembershipVersionTable"));
    }

    private static Task<int> InsertAsync(string database, int port, int version, string cluster = "c", string name = "s:1", DateTime? signed = null) => RunAsync(
        database,
        "InsertMembershipKey",
        ("DeploymentId", cluster),
        ("Address", "127.0.0.1"),
        ("Port", port),
        ("Generation", 1),
        ("SiloName", name),
        ("HostName", "h"),
        ("Status", 3),
        ("ProxyPort", 0),
        ("StartTime", DateTime.UtcNow),
        ("IAmAliveTime", signed ?? DateTime.UtcNow),
        ("Version", version));

    private static async Task<int> RunAsync(string database, string query, params (string Name, object Value)[] parameters)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand command = source.CreateCommand(MembershipQueries.All.Single(known => known.Name == query).Text);
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return (int)(await command.ExecuteScalarAsync())!;
    }
}
