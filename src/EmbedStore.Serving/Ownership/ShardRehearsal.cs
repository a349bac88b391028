using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmbedStore.Serving;

/// <summary>Opens a shard that is nobody's, writes to it, and opens it again from its snapshot and log: so that writers to the first shard that moves here do not wait for the code of all this to be compiled.</summary>
/// <remarks>In scratch, and gone when it ends.</remarks>
public static class ShardRehearsal
{
    private const string FolderName = "rehearsal";
    private const string Writer = "rehearsal";
    private const int Width = 4;
    private const int WriteCount = 4;
    private const long MemoryByteCount = 1 << 20;

    private static readonly TableSpec Spec = new() { Sizes = [null, Width], ShardCount = 1 };

    /// <summary>Does it once. It takes some tenths of a second.</summary>
    /// <param name="storage">Of a server whose folder is shared.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <exception cref="IOException">Scratch could not be written; the next start clears what is left.</exception>
    public static async Task RunAsync(StorageOptions storage, CancellationToken cancellation)
    {
        string folder = Path.Combine(storage.ScratchFolder, FolderName);
        storage = storage with { TableMemoryByteCount = MemoryByteCount, Logger = NullLogger.Instance };
        storage.Disk.CreateFolder(folder);
        try
        {
            await WriteAsync(storage, folder, cancellation);
            await ReadAsync(storage, folder, cancellation);
        }
        finally
        {
            storage.Disk.DeleteFolder(folder);
        }
    }

    private static async Task WriteAsync(StorageOptions storage, string folder, CancellationToken cancellation)
    {
        await using Shard shard = await OpenAsync(storage, folder, cancellation);
        for (int write = 1; write <= WriteCount; write++)
        {
            await shard.WriteAsync(Accumulate(write), cancellation);
        }

        await using (ShardSnapshot snapshot = await shard.BeginSnapshotAsync(1, cancellation))
        {
            await snapshot.EndAsync();
            await snapshot.SaveAsync();
        }

        // For the next opening to find behind the snapshot.
        await shard.WriteAsync(Accumulate(WriteCount + 1), cancellation);
    }

    private static async Task ReadAsync(StorageOptions storage, string folder, CancellationToken cancellation)
    {
        await using Shard shard = await OpenAsync(storage, folder, cancellation);
        long[] rowIds = [1];
        shard.ConfirmOwner(TimeSpan.Zero);
        shard.WriterState(Writer);
        shard.Read(rowIds, default, new byte[Width * sizeof(float)], new RowStatus[1], new long[1]);
    }

    private static Task<Shard> OpenAsync(StorageOptions storage, string folder, CancellationToken cancellation)
    {
        ShardOptions options = TableMemory.Of(Spec, storage).ToShardOptions(Spec, null, null, storage);
        return Shard.OpenAsync(Path.Combine(folder, "shard"), Path.Combine(folder, "rows"), Spec.ToRowFormat(), options, cancellation);
    }

    private static RowWrite Accumulate(int sequence) => new()
    {
        Kind = RowWriteKind.Accumulate,
        RowIds = (long[])[1, 2],
        Columns = ColumnRange.All(Width),
        Values = new byte[2 * Width * sizeof(float)],
        Writer = new WriterStamp(Writer, 1, sequence, [0]),
    };
}
