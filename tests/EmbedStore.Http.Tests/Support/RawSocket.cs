using System.Net.Sockets;
using System.Text;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>Sends bytes that no HTTP client would.</summary>
internal static class RawSocket
{
    /// <summary>Sends a request that asks for the connection to be closed, and reads until the server closes it.</summary>
    /// <returns>All that came, as Latin-1.</returns>
    public static async Task<string> ExchangeAsync(Uri server, string request)
    {
        await using NetworkStream stream = await SendAsync(server, request);
        return await ReadToEndAsync(stream);
    }

    /// <summary>Sends a part of a request, ends the connection, and returns when the server has seen it.</summary>
    public static async Task CutAsync(Uri server, string request)
    {
        await using NetworkStream stream = await SendAsync(server, request);
        stream.Socket.Shutdown(SocketShutdown.Send);
        await ReadToEndAsync(stream);
    }

    /// <summary>Sends bytes and leaves the connection open.</summary>
    public static async Task<NetworkStream> SendAsync(Uri server, string request)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Host, server.Port);
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        return stream;
    }

    public static async Task<string> ReadToEndAsync(NetworkStream stream)
    {
        using var all = new MemoryStream();
        using var patience = new CancellationTokenSource(ServerProgram.Patience);
        try
        {
            await stream.CopyToAsync(all, patience.Token);
        }
        catch (IOException)
        {
            // Reset: what came before it counts.
        }

        return Encoding.Latin1.GetString(all.ToArray());
    }

    /// <summary>Reads until the text has come.</summary>
    public static async Task ReadUntilAsync(NetworkStream stream, string text)
    {
        var all = new StringBuilder();
        byte[] buffer = new byte[4096];
        using var patience = new CancellationTokenSource(ServerProgram.Patience);
        while (!all.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(buffer, patience.Token);
            Assert.True(count > 0, $"The server closed before '{text}' came: {all}");
            all.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }
}
