using System.Net;
using System.Net.Sockets;

namespace EmbedStore.Silo.Instances;

/// <summary>Looks at ports of this machine.</summary>
internal static class Ports
{
    /// <summary>Whether a TCP port could be listened on a moment ago.</summary>
    public static bool IsFree(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A TCP port that could be listened on a moment ago.</summary>
    public static int PickFree(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Takes the UDP port of a number, which nobody uses and the system gives to one process at a time: the TCP port is free for what it is there for.</summary>
    /// <returns>Null: another process has it.</returns>
    public static Socket? Hold(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ExclusiveAddressUse = true };
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
