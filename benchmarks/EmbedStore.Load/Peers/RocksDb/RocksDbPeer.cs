namespace EmbedStore.Load;

/// <summary>RocksDB in this process, as a library is used: one batched MultiGet of sorted keys for each request.</summary>
internal sealed class RocksDbPeer : IPeer
{
    private const int RunRowCount = 4096;

    private readonly RocksDbNative _database;
    private readonly int _rowByteCount;
    private long[] _sorted = [];
    private int[] _places = [];

    /// <summary>Opens an empty one and fills it.</summary>
    /// <param name="folder">Of its files; empty.</param>
    /// <param name="cacheByteCount">Unit: bytes.</param>
    /// <exception cref="PeerMissingException">It is not installed.</exception>
    public RocksDbPeer(string folder, RowSet rows, long cacheByteCount)
    {
        _rowByteCount = rows.RowByteCount;
        _database = new RocksDbNative(folder, cacheByteCount);
        rows.ForEachRun(RunRowCount, (first, run) => _database.Write(first, run.Span, _rowByteCount));
        _database.Compact();
    }

    public string Name => "RocksDB MultiGet";

    public void Read(IdBatch batch, Memory<byte> rows)
    {
        if (_sorted.Length != batch.Count)
        {
            (_sorted, _places) = (new long[batch.Count], new int[batch.Count]);
        }

        batch.Ids.CopyTo(_sorted);
        for (int i = 0; i < _places.Length; i++)
        {
            _places[i] = i;
        }

        _sorted.AsSpan().Sort(_places.AsSpan());
        _database.Read(_sorted, _places, rows.Span, _rowByteCount);
    }

    public void Dispose() => _database.Dispose();
}
