using System.Net;
using System.Net.Sockets;

namespace EmbedStore.Load;

/// <summary>A blocking connection with a read buffer: what the clients of all peers are made of. Not thread-safe.</summary>
internal sealed class PeerSocket : IDisposable
{
    private const int BufferByteCount = 256 * 1024;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[BufferByteCount];
    private int _start;
    private int _end;

    /// <exception cref="SocketException">Nobody listens.</exception>
    public PeerSocket(int port)
        : this(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, new IPEndPoint(IPAddress.Loopback, port))
    {
    }

    /// <param name="path">Of a Unix domain socket.</param>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public PeerSocket(string path)
        : this(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(path))
    {
    }

    private PeerSocket(Socket socket, EndPoint server)
    {
        _socket = socket;
        try
        {
            _socket.Connect(server);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends all of it.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    /// <summary>The next line without its CR LF. Valid until the next call.</summary>
    /// <exception cref="WrongAnswerException">The peer closed, or the line is longer than the buffer.</exception>
    public ReadOnlySpan<byte> ReadLine()
    {
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                ReadOnlySpan<byte> line = _buffer.AsSpan(_start, searched + length - 1);
                _start += searched + length + 1;
                return line;
            }

            searched = _end - _start;
            Receive();
        }
    }

    /// <summary>Fills the span: from the buffer, and from there on straight from the socket.</summary>
    /// <exception cref="WrongAnswerException">The peer closed.</exception>
    public void ReadExactly(Span<byte> destination)
    {
        int buffered = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(destination);
        _start += buffered;
        destination = destination[buffered..];
        while (destination.Length >= BufferByteCount)
        {
            destination = destination[RequireSome(_socket.Receive(destination))..];
        }

        while (!destination.IsEmpty)
        {
            Receive();
            buffered = Math.Min(destination.Length, _end - _start);
            _buffer.AsSpan(_start, buffered).CopyTo(destination);
            _start += buffered;
            destination = destination[buffered..];
        }
    }

    /// <summary>Passes over bytes, no more than the buffer holds.</summary>
    public void Skip(int count)
    {
        while (_end - _start < count)
        {
            Receive();
        }

        _start += count;
    }

    public void Dispose() => _socket.Dispose();

    private void Receive()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            throw new WrongAnswerException($"A line of an answer is longer than {BufferByteCount} bytes.");
        }

        _end += RequireSome(_socket.Receive(_buffer.AsSpan(_end)));
    }

    private static int RequireSome(int count) => count > 0 ? count : throw new WrongAnswerException("The peer closed the connection.");
}
