using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>One shard's part of an update.</summary>
/// <param name="Shard">Number of the shard in its table.</param>
/// <param name="Write">What it does there. Its memory stays valid until the router has answered.</param>
public readonly record struct ShardWrite(int Shard, RowWrite Write);
