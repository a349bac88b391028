using System.Buffers.Text;
using System.Text;

namespace EmbedStore.Load;

/// <summary>HTTP/1.1 over one raw connection: what a client that is written for speed sends and reads, and no more.</summary>
internal sealed class HttpConnection(PeerSocket socket) : IDisposable
{
    private readonly PeerSocket _socket = socket;

    /// <summary>To a port of 127.0.0.1.</summary>
    public HttpConnection(int port)
        : this(new PeerSocket(port))
    {
    }

    /// <summary>Where the last answer's body is, when it is in shared memory; else null.</summary>
    public string? SharedFile { get; private set; }

    /// <summary>A request as it goes over the wire, for <see cref="Send"/>.</summary>
    /// <param name="headers">More headers, each with its line end.</param>
    public static HttpRequest Prepare(string target, string mediaType, ReadOnlySpan<byte> body, string headers = "") =>
        new([.. Head(target, mediaType, body.Length, headers), .. body]);

    /// <summary>Sends a prepared request and reads the head of its answer.</summary>
    /// <returns>Bytes of the answer's body, which the caller reads next.</returns>
    /// <exception cref="WrongAnswerException">The server refused.</exception>
    public int Send(HttpRequest request)
    {
        _socket.Send(request.Bytes);
        return ReadHead();
    }

    /// <summary>Sends a body of any length, run by run, and gives the length of the answer's body.</summary>
    /// <exception cref="WrongAnswerException">The server refused.</exception>
    public int SendRuns(string target, string mediaType, long byteCount, Action<Action<ReadOnlyMemory<byte>>> body)
    {
        _socket.Send(Head(target, mediaType, byteCount));
        body(run => _socket.Send(run.Span));
        return ReadHead();
    }

    /// <summary>Reads a part of the answer's body.</summary>
    public void ReadExactly(Span<byte> destination) => _socket.ReadExactly(destination);

    /// <summary>Passes over a small part of the answer's body.</summary>
    public void Skip(int count) => _socket.Skip(count);

    public void Dispose() => _socket.Dispose();

    private static byte[] Head(string target, string mediaType, long byteCount, string headers = "") => Encoding.ASCII.GetBytes(
        $"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {mediaType}\r\nContent-Length: {byteCount}\r\n{headers}\r\n");

    private int ReadHead()
    {
        bool isSuccess = _socket.ReadLine().StartsWith("HTTP/1.1 20"u8);
        int bodyLength = 0;
        SharedFile = null;
        for (ReadOnlySpan<byte> line = _socket.ReadLine(); !line.IsEmpty; line = _socket.ReadLine())
        {
            if (line.StartsWith("Content-Length: "u8))
            {
                _ = Utf8Parser.TryParse(line["Content-Length: ".Length..], out bodyLength, out _);
            }
            else if (line.StartsWith("Embedstore-Shared-File: "u8))
            {
                SharedFile = Encoding.UTF8.GetString(line["Embedstore-Shared-File: ".Length..]);
            }
        }

        return isSuccess ? bodyLength : throw Refused(bodyLength);
    }

    private WrongAnswerException Refused(int bodyLength)
    {
        byte[] body = new byte[bodyLength];
        ReadExactly(body);
        return new WrongAnswerException("The server refused: " + Encoding.UTF8.GetString(body));
    }
}

/// <summary>A request as it goes over the wire.</summary>
/// <param name="Bytes">Head and body.</param>
internal sealed record HttpRequest(byte[] Bytes)
{
    /// <summary>Puts other bytes in place of as many at the end of the body.</summary>
    public void PutAtEnd(byte[] bytes) => bytes.CopyTo(Bytes, Bytes.Length - bytes.Length);
}
