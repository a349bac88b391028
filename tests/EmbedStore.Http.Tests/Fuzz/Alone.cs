namespace EmbedStore.Http.Tests.Fuzz;

/// <summary>Without tests beside it: memory is the whole process's.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
