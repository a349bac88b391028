namespace EmbedStore.Shards;

/// <summary>A write that waits for its commit.</summary>
internal sealed class PendingWrite(RowWrite write, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<WriteReceipt> _receipt = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RowWrite Write { get; } = write;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Shape [n]: the rows that are written to. Keys get their ids when the write's turn comes.</summary>
    public ReadOnlyMemory<long> RowIds { get; set; } = write.RowIds;

    /// <summary>Of the whole record. Unit: bytes.</summary>
    public int RecordByteCount { get; } =
        LogFormat.RecordHeaderByteCount + LogFormat.Padded(write.Writer?.NameBytes.Length ?? 0) + (int)WritePayload.ByteCount(write);

    public Task<WriteReceipt> Receipt => _receipt.Task;

    public void Complete(WriteReceipt receipt) => _receipt.TrySetResult(receipt);

    public void Cancel() => _receipt.TrySetCanceled(Cancellation);
}
