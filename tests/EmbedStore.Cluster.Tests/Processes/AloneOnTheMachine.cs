namespace EmbedStore.Cluster.Tests;

/// <summary>Tests that measure times of several processes: alone on the machine, one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneOnTheMachine
{
    public const string Name = "processes";
}
