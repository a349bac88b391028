using EmbedStore.Tensors;
using Microsoft.Win32.SafeHandles;

namespace EmbedStore.Serving;

/// <summary>Brings the rows of a file into a table: reads it through once to check it, and once to write it.</summary>
/// <remarks>A file that is refused has written nothing. A crash in between leaves a part of it, which importing it again completes. Thread-safe.</remarks>
public sealed class TableImporter(UpdatePipeline updates, ServingLimits limits)
{
    /// <summary>Imports a file.</summary>
    /// <param name="table">The table.</param>
    /// <param name="format">What the file is.</param>
    /// <param name="file">Opened for reading; read from its beginning.</param>
    /// <param name="cancellation">Ends the import between two runs.</param>
    /// <returns>Rows of the file, repeated ones included, and the version that has them.</returns>
    /// <exception cref="EmbedStoreException">MalformedBody, InvalidParameter, UnknownTensor, MissingTensor, UnsupportedDtype, ShapeMismatch, OpenDimension, ResultTooLarge, IndexOutOfRange: the first that is met; StorageFull, ShardUnavailable.</exception>
    public async Task<UpdateAnswer> ImportAsync(Table table, ImportFormat format, SafeFileHandle file, CancellationToken cancellation)
    {
        IRowBatches batches = Open(table, format, file);
        foreach (RowBatch _ in batches.Read())
        {
            // Reading is checking.
        }

        long count = 0;
        long version = table.Version;
        foreach (RowBatch batch in batches.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            version = (await updates.WriteRowsAsync(table, batch.Rows, batch.Values, cancellation)).Version;
            count += batch.Rows.Count;
        }

        return new UpdateAnswer(count, version);
    }

    private IRowBatches Open(Table table, ImportFormat format, SafeFileHandle file) => format switch
    {
        ImportFormat.Npy => ArrayFile.OpenNpy(table, file, limits),
        ImportFormat.Safetensors => ArrayFile.OpenSafetensors(table, file),
        _ => new TextFile(table, file),
    };
}
