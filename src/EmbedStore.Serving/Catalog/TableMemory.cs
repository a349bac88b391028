using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>How a table's memory is shared out between its rows here and in its shards.</summary>
/// <param name="Shard">What each shard gets.</param>
internal readonly record struct TableMemory(RowStoreSize Shard)
{
    public static TableMemory Of(TableSpec spec, StorageOptions storage)
    {
        long resident = ResidentRows.ByteCountOf(spec.ToShape(), spec.ToRowFormat(), storage.ResidentMemoryByteCount);
        long cached = CachedRows.ByteCountMaxOf(spec, storage);
        return Of(spec, resident + cached, isResident: resident > 0, storage);
    }

    /// <summary>When it is known what was made.</summary>
    /// <param name="spec">The table.</param>
    /// <param name="rowCacheByteCount">Of <see cref="ResidentRows"/> or <see cref="CachedRows"/>, at most. Unit: bytes.</param>
    /// <param name="isResident">It is the former.</param>
    /// <param name="storage">Of the server.</param>
    public static TableMemory Of(TableSpec spec, long rowCacheByteCount, bool isResident, StorageOptions storage)
    {
        RowFormat rows = spec.ToRowFormat();

        // What a resident row does not have is its optimizer's state: its shard reads it with each step.
        bool isRead = !isResident || rows.StateByteCount > 0;
        return new(RowStoreSize.Of(spec.ToShape(), rows, spec.ShardCount, storage.TableMemoryByteCount - rowCacheByteCount, isRead));
    }

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
        Ownership = storage.IsShared ? ShardOwnership.Epoch : ShardOwnership.Lock,
        OwnerName = storage.OwnerName,
        OwnerConfirmedWithin = StorageOptions.OwnerConfirmedWithin,
        Logger = storage.Logger,
    };
}
