using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace EmbedStore.Cluster.Tests;

public sealed class MemberTlsTests
{
    private readonly FakeShards _shards = new(8);
    private readonly IPEndPoint[] _endpoints = Node.FreeEndpoints(2);

    [Fact]
    public async Task Members_OfOneAuthority_FormACluster()
    {
        using var authority = new TestCertificates("authority");
        Node[] nodes = await Task.WhenAll(StartAsync(0, authority.Issue("m0")), StartAsync(1, authority.Issue("m1")));
        await _shards.WaitUntilPlacedAsync("s0", "s1");
        await nodes[1].DisposeAsync();
        await nodes[0].DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connection_WithoutACertificateOfTheAuthority_IsClosed(bool hasCertificate)
    {
        using var authority = new TestCertificates("authority");
        using var stranger = new TestCertificates("stranger");
        await using Node node = await StartAsync(0, authority.Issue("m0"));
        using var client = new TcpClient();
        await client.ConnectAsync(_endpoints[0]);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, static (_, shown, _, _) => shown is not null);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "x",
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificates = hasCertificate ? [stranger.Issue("m1").Own] : null,
        };
        using var patience = new CancellationTokenSource(TestTimes.Patience);
        int received;
        try
        {
            await tls.AuthenticateAsClientAsync(options, patience.Token);
            received = await tls.ReadAsync(new byte[1], patience.Token);
        }
        catch (Exception refusal) when (refusal is IOException or AuthenticationException)
        {
            received = 0;
        }

        Assert.Equal(0, received);
        Assert.Equal("s0", Assert.Single(node.Owners.Servers).Name);
    }

    [Fact]
    public void IsMember_NothingShown_IsNone()
    {
        using var authority = new TestCertificates("authority");
        Assert.False(authority.Issue("m0").IsMember(null, SslPolicyErrors.RemoteCertificateNotAvailable));
    }

    private Task<Node> StartAsync(int number, MemberCertificates certificates) =>
        Node.StartAsync($"s{number}", _shards, _endpoints[number], _endpoints[0], certificates: certificates);
}
