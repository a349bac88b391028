using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>How a table's memory is shared out between its rows here and in its shards.</summary>
/// <param name="RowCacheByteCount">For <see cref="ResidentRows"/> or <see cref="CachedRows"/>. Unit: bytes.</param>
/// <param name="Shard">What each shard gets.</param>
internal readonly record struct TableMemory(long RowCacheByteCount, RowStoreSize Shard)
{
    public static TableMemory Of(TableShape shape, RowFormat rows, int shardCount, StorageOptions storage)
    {
        long resident = ResidentRows.ByteCountOf(shape, rows, storage.TableMemoryByteCount);
        long cached = CachedRows.ByteCountOf(shape, rows, storage.TableMemoryByteCount);
        return Of(shape, rows, shardCount, resident + cached, storage);
    }

    /// <summary>When it is known what was made.</summary>
    public static TableMemory Of(TableShape shape, RowFormat rows, int shardCount, long rowCacheByteCount, StorageOptions storage) =>
        new(rowCacheByteCount, RowStoreSize.Of(shape, rows, shardCount, storage.TableMemoryByteCount - rowCacheByteCount));

    /// <summary>What a shard is opened with.</summary>
    public ShardOptions ToShardOptions(TableSpec spec, IRowMirror? mirror, StorageOptions storage) => new()
    {
        Durability = spec.Durability,
        ExpectedRowCount = Shard.RowCount,
        MemoryByteCount = Shard.MemoryByteCount,
        PageByteCount = Shard.PageByteCount,
        Mirror = mirror,
        ReserveByteCount = storage.ReserveByteCount,
        SegmentByteCountMax = storage.LogSegmentByteCount,
        CommitInterval = storage.CommitInterval,
        Disk = storage.Disk,
        Time = storage.Time,
        Logger = storage.Logger,
    };
}
