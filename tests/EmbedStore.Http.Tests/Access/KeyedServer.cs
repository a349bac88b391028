using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>A server with a key of each role for all tables, and one that is for some.</summary>
public sealed class KeyedServer : IAsyncLifetime
{
    private TestServer? _server;

    internal Keyring Keyring { get; } = new Keyring().Add("reader", "read").Add("writer", "write").Add("owner", "admin").Add("narrow", "admin", "a-*,exact,*-b-*");

    public Uri Address => _server!.Address;

    public ApiClient Owner => Client("owner");

    /// <summary>Shows a key; null: none.</summary>
    public ApiClient Client(string? key) => Keyring.Client(Address, key);

    public async Task InitializeAsync() => _server = await TestServer.StartAsync(Keyring.Settings);

    public async Task DisposeAsync()
    {
        Keyring.Dispose();
        await _server!.DisposeAsync();
    }
}
