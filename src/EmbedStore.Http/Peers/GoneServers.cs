using System.Collections.Concurrent;
using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>Ends the waits for a server that is no member any more: its connections say nothing where it was halted or cut off.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class GoneServers : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly IShardOwners _owners;
    private readonly ConcurrentDictionary<PeerServer, Waits> _waits = new();
    private readonly ITimer _clock;

    public GoneServers(IShardOwners owners)
    {
        _owners = owners;
        _clock = TimeProvider.System.CreateTimer(_ => Look(), null, LookEvery, LookEvery);
    }

    /// <summary>Cancelled once the server is gone. Never for one that is not known to be a member yet.</summary>
    public CancellationToken Of(PeerServer server) => _waits.GetOrAdd(server, Begin).Ending.Token;

    /// <inheritdoc/>
    public void Dispose() => _clock.Dispose();

    private Waits Begin(PeerServer server) => new() { WasMember = _owners.Servers.Contains(server) };

    private void Look()
    {
        if (_waits.IsEmpty)
        {
            return;
        }

        IReadOnlyList<PeerServer> members = _owners.Servers;
        foreach ((PeerServer server, Waits waits) in _waits)
        {
            if (members.Contains(server))
            {
                waits.WasMember = true;
            }
            else if (waits.WasMember && _waits.TryRemove(server, out _))
            {
                _ = waits.Ending.CancelAsync();
            }
        }
    }

    /// <summary>Those for one server.</summary>
    private sealed class Waits
    {
        public CancellationTokenSource Ending { get; } = new();

        public bool WasMember { get; set; }
    }
}
