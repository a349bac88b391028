namespace EmbedStore.Shards;

/// <summary>What a shard knows of one writer: its newest write here.</summary>
/// <param name="Epoch">Highest epoch seen.</param>
/// <param name="Sequence">Of the newest write.</param>
/// <param name="Parts">The shards that the newest write went to.</param>
/// <param name="StepNumber">The optimizer's step that the newest write took; 0 for another write.</param>
/// <remarks>Immutable.</remarks>
public sealed record WriterState(long Epoch, long Sequence, IReadOnlyList<ushort> Parts, long StepNumber);
