namespace EmbedStore.Shards;

/// <summary>How a write ended.</summary>
public enum WriteOutcome
{
    /// <summary>The write is as lasting as the shard's <see cref="Durability"/> promises, and reads see it.</summary>
    Committed,

    /// <summary>There is no room on the disk; nothing of the write was kept. A retry helps once there is.</summary>
    StorageFull,

    /// <summary>The shard takes no writes until it is opened again. Whether this write will be there then is not known.</summary>
    Unavailable,

    /// <summary>The writer's write of this sequence is here already; it was not applied again. As good as committed.</summary>
    Duplicate,

    /// <summary>The writer was seen with a higher epoch; nothing of the write was kept.</summary>
    Fenced,

    /// <summary>The shard remembers as many writers as it can; nothing of the write was kept.</summary>
    TooManyWriters,

    /// <summary>The shard has no place for a new key of the write; nothing of the write was kept.</summary>
    TooManyKeys,

    /// <summary>Another owner has taken the shard over. Whether that one has this write is not known: only asking it tells, or sending the write again with its writer's stamp.</summary>
    NotOwner,
}

/// <summary>The answer to a write.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Version">The version that the write got; when it was not committed, the shard's newest.</param>
/// <param name="RowCount">Distinct rows that the write touched. Erasing a row that is missing anyway does not count.</param>
public readonly record struct WriteReceipt(WriteOutcome Outcome, long Version, long RowCount);
