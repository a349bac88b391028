namespace EmbedStore.Cluster.Tests;

/// <summary>A test that needs the distribution's PostgreSQL, and is skipped where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresInstance.Programs is null ? "PostgreSQL is not installed here." : null;
}
