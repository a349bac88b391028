using EmbedStore.Http;
using EmbedStore.Silo.Instances;
using Microsoft.Extensions.Configuration;

namespace EmbedStore.Cluster.Tests;

public sealed class InstanceTests
{
    [Fact]
    public void Choose_WithoutSettings_TakesAPlaceOfItsOwnEachTime()
    {
        using Instance first = Instance.Choose(Sources());
        using Instance second = Instance.Choose(Sources());
        int step = second.Options.Cluster.SiloPort - first.Options.Cluster.SiloPort;

        Assert.True(step > 0);
        Assert.Equal(10 * step, second.Options.HttpPort - first.Options.HttpPort);
        Assert.Equal(step, second.Options.Cluster.PeerPort - first.Options.Cluster.PeerPort);
        Assert.Equal(new EmbedStoreOptions().Cluster.PrimaryPort, second.Options.Cluster.PrimaryPort);
        Assert.Equal($"./embedstore-scratch-{second.Options.Cluster.SiloPort}", second.Options.ScratchFolder);
        Assert.EndsWith($"-{second.Options.Cluster.SiloPort}", second.Options.Cluster.SiloName, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_AfterTheFormerHasEnded_TakesItsPlace()
    {
        int port;
        using (Instance first = Instance.Choose(Sources()))
        {
            port = first.Options.Cluster.SiloPort;
        }

        using Instance again = Instance.Choose(Sources());
        Assert.Equal(port, again.Options.Cluster.SiloPort);
    }

    [Fact]
    public void Choose_PortsThatAreGiven_StayAndZeroIsReplaced()
    {
        using Instance instance = Instance.Choose(Sources(("HttpPort", "7799"), ("Cluster:SiloPort", "0"), ("Cluster:PeerPort", "0"), ("Cluster:SiloName", "n"), ("ScratchFolder", "./s")));
        Assert.Equal(7799, instance.Options.HttpPort);
        Assert.InRange(instance.Options.Cluster.SiloPort, 1024, 65535);
        Assert.InRange(instance.Options.Cluster.PeerPort, 1024, 65535);
        Assert.Equal(("n", "./s"), (instance.Options.Cluster.SiloName, instance.Options.ScratchFolder));
    }

    [Fact]
    public void Choose_PortThatIsGivenAndTaken_Refuses()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        int port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var refusal = Assert.Throws<StartException>(() => Instance.Choose(Sources(("Cluster:SiloPort", port.ToString(System.Globalization.CultureInfo.InvariantCulture)))));
        Assert.StartsWith($"EmbedStore:Cluster:SiloPort: port {port} of 127.0.0.1 is in use", refusal.Message, StringComparison.Ordinal);
    }

    private static IConfiguration Sources(params (string Name, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(static setting => KeyValuePair.Create($"EmbedStore:{setting.Name}", (string?)setting.Value)))
        .Build();
}
