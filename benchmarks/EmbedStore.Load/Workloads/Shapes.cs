namespace EmbedStore.Load;

/// <summary>Shapes of requests that several workloads send.</summary>
internal static class Shapes
{
    /// <summary>Samples of a large request.</summary>
    public const int LargeBagCount = 512;

    /// <summary>Ids of each sample of a large request.</summary>
    public const int LargeBagLength = 64;

    /// <summary>Different large requests, so that rows come from all over the table.</summary>
    public const int LargeBatchCount = 8;

    /// <summary>Ids of a small request.</summary>
    public const int SmallIdCount = 100;

    /// <summary>Different small requests.</summary>
    public const int SmallBatchCount = 256;

    /// <summary>Rows that a trainer sends at once.</summary>
    public const int TrainedRowCount = 4096;

    /// <summary>Bytes of the answers to all large requests, at most: some peers keep them.</summary>
    private const int LargeAnswersByteCountMax = 1 << 28;

    /// <summary>Requests of (512, 64) ids; of wide rows fewer different ones.</summary>
    public static IdBatch[] Large(IdSource ids, RowSet rows) =>
        ids.Batches(Math.Clamp(LargeAnswersByteCountMax / (LargeBagCount * LargeBagLength * rows.RowByteCount), 1, LargeBatchCount), LargeBagCount, LargeBagLength, seed: 1);

    /// <summary>Requests of (1, 100) ids.</summary>
    public static IdBatch[] Small(IdSource ids) => ids.Batches(SmallBatchCount, 1, SmallIdCount, seed: 2);

    /// <summary>Room for the rows of a large request.</summary>
    public static byte[] Answer(IdBatch[] batches, RowSet rows) => GC.AllocateUninitializedArray<byte>(batches[0].Count * rows.RowByteCount);
}
