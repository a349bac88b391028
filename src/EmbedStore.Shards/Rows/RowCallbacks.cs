using FASTER.core;

namespace EmbedStore.Shards;

/// <summary>What FASTER calls. Only reads and upserts are used; input of a read is the slot.</summary>
/// <remarks>A struct, so that FASTER compiles its paths for it and the calls become direct.</remarks>
internal readonly struct RowCallbacks(RowFunctions functions) : IFunctions<long, SpanByte, int, byte, Empty>
{
    public bool ConcurrentReader(ref long key, ref int input, ref SpanByte value, ref byte dst, ref ReadInfo readInfo)
    {
        functions.ReadMutable(ref value, input);
        return true;
    }

    public bool SingleReader(ref long key, ref int input, ref SpanByte value, ref byte dst, ref ReadInfo readInfo) => functions.ReadSettled(key, ref value, input);

    public void ReadCompletionCallback(ref long key, ref int input, ref byte output, Empty ctx, Status status, RecordMetadata recordMetadata) =>
        functions.Completed(input, status.NotFound);

    public bool ConcurrentWriter(ref long key, ref int input, ref SpanByte src, ref SpanByte dst, ref byte output, ref UpsertInfo upsertInfo) =>
        RowFunctions.WriteInPlace(ref src, ref dst);

    public bool SingleWriter(ref long key, ref int input, ref SpanByte src, ref SpanByte dst, ref byte output, ref UpsertInfo upsertInfo, WriteReason reason)
    {
        RowFunctions.WriteNew(ref src, ref dst);
        return true;
    }

    public void PostSingleWriter(ref long key, ref int input, ref SpanByte src, ref SpanByte dst, ref byte output, ref UpsertInfo upsertInfo, WriteReason reason)
    {
    }

    public void DisposeSingleWriter(ref long key, ref int input, ref SpanByte src, ref SpanByte dst, ref byte output, ref UpsertInfo upsertInfo, WriteReason reason)
    {
    }

    public void DisposeDeserializedFromDisk(ref long key, ref SpanByte value)
    {
    }

    public void CheckpointCompletionCallback(int sessionID, string sessionName, CommitPoint commitPoint)
    {
    }

    public bool NeedInitialUpdate(ref long key, ref int input, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public bool InitialUpdater(ref long key, ref int input, ref SpanByte value, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public void PostInitialUpdater(ref long key, ref int input, ref SpanByte value, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public void DisposeInitialUpdater(ref long key, ref int input, ref SpanByte value, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public bool NeedCopyUpdate(ref long key, ref int input, ref SpanByte oldValue, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public bool CopyUpdater(ref long key, ref int input, ref SpanByte oldValue, ref SpanByte newValue, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public void PostCopyUpdater(ref long key, ref int input, ref SpanByte oldValue, ref SpanByte newValue, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public void DisposeCopyUpdater(ref long key, ref int input, ref SpanByte oldValue, ref SpanByte newValue, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public bool InPlaceUpdater(ref long key, ref int input, ref SpanByte value, ref byte output, ref RMWInfo rmwInfo) => throw NotUsed();

    public void RMWCompletionCallback(ref long key, ref int input, ref byte output, Empty ctx, Status status, RecordMetadata recordMetadata) => throw NotUsed();

    public bool SingleDeleter(ref long key, ref SpanByte value, ref DeleteInfo deleteInfo) => throw NotUsed();

    public void PostSingleDeleter(ref long key, ref DeleteInfo deleteInfo) => throw NotUsed();

    public bool ConcurrentDeleter(ref long key, ref SpanByte value, ref DeleteInfo deleteInfo) => throw NotUsed();

    public void DisposeSingleDeleter(ref long key, ref SpanByte value, ref DeleteInfo deleteInfo) => throw NotUsed();

    private static NotSupportedException NotUsed() => new("Rows are changed by read and upsert only.");
}
