using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace EmbedStore.Load;

/// <summary>A loopback socket that moves the bytes of requests and answers and does nothing else: answers are made beforehand.</summary>
internal sealed class RawSocketPeer : IPeer
{
    private const int HeaderByteCount = 2 * sizeof(int);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly PeerSocket _socket;
    private readonly byte[][] _answers;
    private readonly byte[] _request;

    /// <param name="batches">Those that will be asked for, all of one shape, by their number.</param>
    public RawSocketPeer(RowSet rows, IdBatch[] batches)
    {
        _answers = [.. batches.Select(rows.RowsOf)];
        _request = new byte[HeaderByteCount + batches[0].Bytes.Length];
        _listener.Start();
        new Thread(Serve) { IsBackground = true, Name = "raw socket" }.Start();
        _socket = new PeerSocket(((IPEndPoint)_listener.LocalEndpoint).Port);
    }

    public string Name => "raw socket";

    public void Read(IdBatch batch, Memory<byte> rows)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_request, batch.Number);
        BinaryPrimitives.WriteInt32LittleEndian(_request.AsSpan(sizeof(int)), batch.Bytes.Length);
        batch.Bytes.CopyTo(_request, HeaderByteCount);
        _socket.Send(_request);
        _socket.ReadExactly(rows.Span);
    }

    /// <summary>The serving thread ends with the connection.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _listener.Dispose();
    }

    private void Serve()
    {
        try
        {
            using Socket caller = _listener.AcceptSocket();
            caller.NoDelay = true;
            byte[] request = new byte[_request.Length];
            while (Receive(caller, request))
            {
                ReadOnlySpan<byte> answer = _answers[BinaryPrimitives.ReadInt32LittleEndian(request)];
                while (!answer.IsEmpty)
                {
                    answer = answer[caller.Send(answer)..];
                }
            }
        }
        catch (SocketException)
        {
            // The other side is gone.
        }
    }

    private static bool Receive(Socket caller, Span<byte> request)
    {
        while (!request.IsEmpty)
        {
            int count = caller.Receive(request);
            if (count == 0)
            {
                return false;
            }

            request = request[count..];
        }

        return true;
    }
}
