using EmbedStore.Http;

namespace EmbedStore.Silo.Commands;

/// <summary>Brings the database of members up to date, as every server does when it starts: for those whose servers may not create tables.</summary>
internal static class MigrateCommand
{
    /// <exception cref="StartException">There is no such database, or it refuses.</exception>
    public static async Task<int> RunAsync(CommandLine line)
    {
        EmbedStoreOptions options = SettingsReader.Read(SettingsSources.Load(line));
        if (options.Cluster.Membership != EmbedStore.Http.ClusterOptions.Postgres)
        {
            throw new StartException($"EmbedStore:Cluster:Membership must be {EmbedStore.Http.ClusterOptions.Postgres} to migrate; was '{options.Cluster.Membership}'.");
        }

        Console.WriteLine(await MembersDatabase.MigrateAsync(options.Cluster) ? "The members' tables are up to date now." : "The members' tables were up to date.");
        return 0;
    }
}
