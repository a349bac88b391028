namespace EmbedStore.Simulation;

/// <summary>What a scheme did.</summary>
/// <param name="LoadRatioMax">The most that a server has, over its part by weight.</param>
/// <param name="LoadRatioMin">The least.</param>
/// <param name="MovedRatioMax">Shards that move when one server leaves, or comes back, over that server's part: 1 is what must move. The highest of all changes.</param>
/// <param name="MovedRatio">The mean of all changes.</param>
/// <param name="TableRatio">Part of the old shards that move when a table of <see cref="Simulation.NewTableShardCount"/> shards is made.</param>
/// <param name="DecisionMicroseconds">Time to place one shard; of all placed at once, its part.</param>
internal sealed record Outcome(double LoadRatioMax, double LoadRatioMin, double MovedRatioMax, double MovedRatio, double TableRatio, double DecisionMicroseconds);
