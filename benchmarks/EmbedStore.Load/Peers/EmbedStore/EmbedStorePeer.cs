using System.Buffers.Binary;

namespace EmbedStore.Load;

/// <summary>This repository's server over one raw HTTP connection, with safetensors both ways.</summary>
/// <param name="table">Of a running server.</param>
/// <param name="name">As the table of results calls it.</param>
/// <param name="call">What is asked for the ids: <c>gather</c>, or <c>bag</c> with its query.</param>
/// <param name="socketPath">The server's Unix domain socket; null: its port.</param>
internal sealed class EmbedStorePeer(EmbedStoreTable table, string name = "EmbedStore", string call = "gather", string? socketPath = null) : IPeer
{
    private readonly HttpConnection _connection = new(socketPath is null ? new PeerSocket(table.Server.Port) : new PeerSocket(socketPath));
    private HttpRequest? _request;
    private (int BagCount, int BagLength) _requestShape;

    public string Name => name;

    public void Read(IdBatch batch, Memory<byte> rows)
    {
        if (_request is null || _requestShape != (batch.BagCount, batch.BagLength))
        {
            (_request, _requestShape) = (SafetensorsRequest.OfIds(table.Path(call), batch), (batch.BagCount, batch.BagLength));
        }

        _request.PutAtEnd(batch.Bytes);
        int length = _connection.Send(_request);
        Span<byte> headerLength = stackalloc byte[sizeof(ulong)];
        _connection.ReadExactly(headerLength);
        int skip = (int)BinaryPrimitives.ReadUInt64LittleEndian(headerLength);
        if (length != headerLength.Length + skip + rows.Length)
        {
            throw new WrongAnswerException($"{name} answered {length} bytes; {rows.Length} of rows were expected.");
        }

        _connection.Skip(skip);
        _connection.ReadExactly(rows.Span);
    }

    public void Dispose() => _connection.Dispose();
}
