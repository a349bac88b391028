namespace EmbedStore.Server.Commands;

/// <summary>The first lines of a server: where it is, where the data is, what to try.</summary>
internal static class Banner
{
    /// <summary>What stands before an address; programs that start a server look for it.</summary>
    public const string ListeningLabel = "listening";

    public static void Print(IReadOnlyCollection<string> addresses, string dataFolder)
    {
        Console.WriteLine(VersionCommand.NameAndVersion);
        foreach (string address in addresses)
        {
            Console.WriteLine($"  {ListeningLabel}  {address}");
        }

        Console.WriteLine($$"""
              data       {{dataFolder}}
              stop       Ctrl+C

            Try:
              curl -X PUT {{addresses.First()}}/v1/tables/words -H content-type:application/json -d '{"shape": [1000, 64]}'
              dotnet run -c Release --project src/EmbedStore.Server -- quickstart

            """);
    }
}
