using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Cluster.Tests;

public sealed class LostMemberTests
{
    [Fact]
    public void OnFatalException_SeveralTimes_EndsTheProcessOnceWithItsOwnCode()
    {
        var codes = new List<int>();
        var lost = new LostMember(NullLogger<LostMember>.Instance) { Exit = codes.Add };
        lost.OnFatalException(this, "declared dead", null);
        lost.OnFatalException(this, "declared dead", new InvalidOperationException());

        Assert.Equal([3], codes);
    }

    [Fact]
    public async Task Server_AsRegistered_EndsByItAndNotByTheLibrarysOwn()
    {
        var endpoint = Node.FreeEndpoints(1)[0];
        await using Node node = await Node.StartAsync("s0", new FakeShards(1), endpoint, endpoint);
        Assert.IsType<LostMember>(node.Get<IFatalErrorHandler>());
    }
}
