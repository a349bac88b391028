namespace EmbedStore.Shards;

/// <summary>What a step of training brings besides gradients. Stands in the log, so that a replay takes the very same step.</summary>
/// <param name="Rate">Step size.</param>
/// <param name="Number">How many steps the table has taken, this one included: at least 1.</param>
public readonly record struct OptimizerStep(double Rate, long Number);
