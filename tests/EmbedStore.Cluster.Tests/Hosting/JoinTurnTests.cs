using System.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Cluster.Tests;

public sealed class JoinTurnTests(PostgresInstance postgres) : IClassFixture<PostgresInstance>
{
    private readonly IPEndPoint _endpoint = Node.FreeEndpoints(1)[0];

    [Fact]
    public Task Take_OfTwoServersOnAMachine_LetsTheSecondInWhenTheFirstIsDone() => TakeTwiceAsync(database: null);

    [PostgresFact]
    public async Task Take_OfTwoServersOfADatabase_LetsTheSecondInWhenTheFirstIsDone() => await TakeTwiceAsync(await postgres.NewDatabaseAsync());

    [PostgresFact]
    public async Task Take_OfTwoClustersInADatabase_LetsBothIn()
    {
        string database = await postgres.NewDatabaseAsync();
        await using JoinTurn first = NewTurn(database), second = NewTurn(database, "other");
        await first.TakeAsync(default);
        await second.TakeAsync(default);
        Assert.True(first.IsHeld && second.IsHeld);
    }

    [Fact]
    public async Task Take_DatabaseThatIsNotThere_GoesOnWithout()
    {
        await using JoinTurn turn = NewTurn("Host=127.0.0.1;Port=1;Username=nobody");
        await turn.TakeAsync(default);
        Assert.False(turn.IsHeld);
    }

    private async Task TakeTwiceAsync(string? database)
    {
        await using JoinTurn first = NewTurn(database), second = NewTurn(database);
        await first.TakeAsync(default);
        await second.TakeAsync(default);
        Assert.True(first.IsHeld && !second.IsHeld);

        await first.DisposeAsync();
        await second.TakeAsync(default);
        Assert.True(!first.IsHeld && second.IsHeld);
    }

    private JoinTurn NewTurn(string? database, string cluster = "cluster")
    {
        var settings = new ClusterSettings { ClusterName = cluster, ServerName = "s", MemberEndpoint = _endpoint, PeerPort = 7, PostgresConnection = database };
        return new JoinTurn(settings, new HastyClock(), NullLogger<JoinTurn>.Instance);
    }

    /// <summary>A minute passes between two looks at it, so that nobody waits.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now += 60;
    }
}
