using EmbedStore.Http;

namespace EmbedStore.Silo.Commands;

/// <summary>The first lines of a server: where it is, who it is, where the data is.</summary>
internal static class Banner
{
    /// <summary>What stands before the address for clients; programs that start a server look for it.</summary>
    public const string ListeningLabel = "listening";

    /// <summary>Prints them.</summary>
    /// <param name="address">The address for clients.</param>
    /// <param name="options">With real ports.</param>
    /// <param name="dataFolder">Full path.</param>
    public static void Print(string address, EmbedStoreOptions options, string dataFolder) => Console.WriteLine($$"""
        {{VersionCommand.NameAndVersion}}
          {{ListeningLabel}}  {{address}}
          member     {{options.Cluster.SiloName}} of {{options.Cluster.Id}}, {{options.Cluster.AdvertisedAddress}}:{{options.Cluster.SiloPort}}, rows by {{options.Cluster.PeerPort}}
          data       {{dataFolder}}
          stop       Ctrl+C

        Try:
          curl -X PUT {{address}}/v1/tables/words -H content-type:application/json -d '{"shape": [1000, 64]}'
          dotnet run -c Release --project src/EmbedStore.Silo      once more in another terminal: it joins

        """);
}
