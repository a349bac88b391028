namespace EmbedStore.Serving.Tests.Budgets;

/// <summary>Tests that count what the whole process allocates: no others run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
