using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace EmbedStore.Load;

/// <summary>This repository's server over a raw HTTP connection, whose answers it leaves in memory that this process maps too.</summary>
internal sealed class SharedMemoryPeer : IPeer
{
    private const int HeaderByteCountMax = 4096;

    private readonly EmbedStoreTable _table;
    private readonly HttpConnection _connection;
    private readonly HttpRequest _request;
    private readonly int _byteCount;
    private MemoryMappedFile? _file;
    private MemoryMappedViewAccessor? _view;
    private string? _path;

    /// <param name="table">Of a server with a Unix domain socket and shared memory.</param>
    /// <param name="socketPath">That socket.</param>
    /// <param name="batch">Any one: all have its shape.</param>
    /// <param name="rowByteCount">Unit: bytes.</param>
    public SharedMemoryPeer(EmbedStoreTable table, string socketPath, IdBatch batch, int rowByteCount)
    {
        _table = table;
        _connection = new HttpConnection(new PeerSocket(socketPath));
        _byteCount = batch.Count * rowByteCount;
        string header = string.Create(CultureInfo.InvariantCulture, $"Embedstore-Shared: {HeaderByteCountMax + _byteCount}\r\n");
        _request = SafetensorsRequest.OfIds(table.Path("gather"), batch, header);
    }

    public string Name => "EmbedStore, shared memory";

    /// <summary>Copies the rows out, to be compared.</summary>
    public void Read(IdBatch batch, Memory<byte> rows)
    {
        long begin = Reach(batch);
        byte[] copy = new byte[rows.Length];
        _view!.ReadArray(begin, copy, 0, copy.Length);
        copy.CopyTo(rows);
    }

    /// <summary>Has the rows of a batch written to where this process can use them, until the next call.</summary>
    /// <returns>Where they begin in the shared memory.</returns>
    /// <exception cref="WrongAnswerException">They came another way.</exception>
    public long Reach(IdBatch batch)
    {
        _request.PutAtEnd(batch.Bytes);
        _connection.Send(_request);
        if (_connection.SharedFile is not { } path)
        {
            throw new WrongAnswerException($"{_table.Name}: no answer in shared memory.");
        }

        if (path != _path)
        {
            Unmap();
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _path = path;
        }

        return sizeof(ulong) + _view!.ReadInt64(0);
    }

    public void Dispose()
    {
        Unmap();
        _connection.Dispose();
    }

    private void Unmap()
    {
        _view?.Dispose();
        _file?.Dispose();
    }
}
