namespace EmbedStore.Serving;

/// <summary>What a writer says of itself and of its request.</summary>
/// <param name="Name">1 to <see cref="Shards.WriterStamp.NameByteCountMax"/> bytes of UTF-8.</param>
/// <param name="Epoch">At least 0; a writer that takes over comes with a higher one.</param>
/// <param name="Sequence">1, 2, 3, ... per table.</param>
public readonly record struct WriterClaim(string Name, long Epoch, long Sequence);

/// <summary>Where a writer stands in a table.</summary>
/// <param name="Epoch">Highest epoch seen; 0 for a writer that is not known.</param>
/// <param name="Sequence">The last sequence that every shard it went to has; 0 for none.</param>
public readonly record struct WriterProgress(long Epoch, long Sequence);
