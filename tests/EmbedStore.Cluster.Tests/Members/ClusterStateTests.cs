using System.Collections.Immutable;
using System.Net;
using EmbedStore.Serving;

namespace EmbedStore.Cluster.Tests;

public sealed class ClusterStateTests
{
    [Fact]
    public void Read_MembersOfEveryStatus_KeepsThoseThatAnswerAndPlacesOnFullOnesOnly()
    {
        ClusterState state = Read(Member(1, "a", SiloStatus.Active), Member(2, "b", SiloStatus.ShuttingDown), Member(3, "c", SiloStatus.Dead), Member(4, "d", SiloStatus.Joining));

        Assert.Equal(["a", "b"], state.Servers.Select(static server => server.Name));
        Assert.Equal(["a"], state.Candidates);
        Assert.Equal(new PeerServer("a", new Uri("http://127.0.0.1:7001"), IsHere: true), state.Find("a"));
        Assert.Null(state.Find("c"));
    }

    [Fact]
    public void Read_ServerThatWasStartedAgain_IsTheNewerOne()
    {
        ClusterState state = Read(Member(1, "a", SiloStatus.Active, generation: 8), Member(2, "a", SiloStatus.Active, generation: 9));

        Assert.Equal(7002, Assert.Single(state.Servers).Address.Port);
        Assert.Equal(9, state.SiloOf("a")!.Generation);
    }

    [Fact]
    public void Read_MemberThatLeaves_IsAServerStillAndGetsNothing()
    {
        ClusterMember leaving = Member(2, "b", SiloStatus.Active);
        ClusterState state = ClusterState.Read(Snapshot(Member(1, "a", SiloStatus.Active), leaving), "a", silo => silo.Equals(leaving.SiloAddress), before: null);

        Assert.Equal(2, state.Servers.Count);
        Assert.Equal(["a"], state.Candidates);
        Assert.All(Enumerable.Range(0, 100), shard => Assert.Equal("a", state.OwnerOf(new ShardKey(1, 1, shard))));
    }

    [Fact]
    public void Read_NothingChangedAboutAServer_IsTheSameObject()
    {
        ClusterState before = Read(Member(1, "a", SiloStatus.Active));
        ClusterState after = ClusterState.Read(Snapshot(Member(1, "a", SiloStatus.Active), Member(2, "b", SiloStatus.Active)), "a", static _ => false, before);

        Assert.Same(before.Find("a"), after.Find("a"));
    }

    [Fact]
    public void Read_MemberWithAForeignName_IsPassedOver() => Assert.Empty(Read(new ClusterMember(Silo(1, 1), SiloStatus.Active, "foreign")).Servers);

    [Theory]
    [InlineData(SiloStatus.Created, true)]
    [InlineData(SiloStatus.Joining, true)]
    [InlineData(SiloStatus.Active, false)]
    [InlineData(SiloStatus.Dead, false)]
    public void IsAnyJoining_IsTrueUntilTheMemberIsAFullOne(SiloStatus status, bool expected) =>
        Assert.Equal(expected, Read(Member(1, "a", SiloStatus.Active), Member(2, "b", status)).IsAnyJoining);

    [Fact]
    public void OwnerOf_NoFullMember_IsNull() => Assert.Null(Read(Member(1, "a", SiloStatus.Joining)).OwnerOf(new ShardKey(1, 1, 1)));

    private static ClusterState Read(params ClusterMember[] members) => ClusterState.Read(Snapshot(members), "a", static _ => false, before: null);

    private static ClusterMembershipSnapshot Snapshot(params ClusterMember[] members) =>
        new(members.ToImmutableDictionary(static member => member.SiloAddress), new MembershipVersion(1));

    private static ClusterMember Member(int number, string name, SiloStatus status, int generation = 1) =>
        new(Silo(number, generation), status, new MemberName(name, 7000 + number).ToString());

    private static SiloAddress Silo(int number, int generation) => SiloAddress.New(IPAddress.Loopback, 11000 + number, generation);
}
