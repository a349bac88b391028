using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How a table's memory is shared out between its rows here and in its shards.</summary>
/// <param name="ResidentByteCount">For <see cref="ResidentRows"/>; 0: the table is not resident. Unit: bytes.</param>
/// <param name="Shard">What each shard gets.</param>
internal readonly record struct TableMemory(long ResidentByteCount, RowStoreSize Shard)
{
    public static TableMemory Of(TableShape shape, RowFormat rows, int shardCount, StorageOptions storage)
    {
        long resident = ResidentRows.ByteCountOf(shape, rows, storage.TableMemoryByteCount);
        return Of(shape, rows, shardCount, resident, storage);
    }

    /// <summary>When what is resident is known.</summary>
    public static TableMemory Of(TableShape shape, RowFormat rows, int shardCount, long residentByteCount, StorageOptions storage) =>
        new(residentByteCount, RowStoreSize.Of(shape, rows, shardCount, storage.TableMemoryByteCount - residentByteCount));

    /// <summary>What a shard is opened with.</summary>
    public ShardOptions ToShardOptions(TableSpec spec, IRowMirror? mirror, UseClock? uses, StorageOptions storage) => new()
    {
        Durability = spec.Durability,
        ExpectedRowCount = Shard.RowCount,
        MemoryByteCount = Shard.MemoryByteCount,
        PageByteCount = Shard.PageByteCount,
        Mirror = mirror,
        Uses = uses,
        ReserveByteCount = storage.ReserveByteCount,
        SegmentByteCountMax = storage.LogSegmentByteCount,
        CommitInterval = storage.CommitInterval,
        Disk = storage.Disk,
        Time = storage.Time,
        Logger = storage.Logger,
    };
}
