using EmbedStore.Cluster;
using EmbedStore.Http;
using Npgsql;

namespace EmbedStore.Silo.Commands;

/// <summary>The database of members.</summary>
internal static class MembersDatabase
{
    /// <summary>Brings it up to date.</summary>
    /// <returns>Whether something was changed.</returns>
    /// <exception cref="StartException">It cannot be reached, or refuses.</exception>
    public static async Task<bool> MigrateAsync(EmbedStore.Http.ClusterOptions options)
    {
        try
        {
            return await MembershipSchema.MigrateAsync(options.PostgresConnection);
        }
        catch (Exception failure) when (failure is NpgsqlException or ArgumentException)
        {
            throw new StartException($"EmbedStore:Cluster:PostgresConnection: {failure.Message}");
        }
    }
}
