using EmbedStore.Http;

namespace EmbedStore.Silo.Commands;

/// <summary>Prints how to call the program, and every setting.</summary>
internal static class HelpCommand
{
    private const string Usage = """
        A server for embedding tables, as a member of a cluster.

        Usage:
          EmbedStore.Silo [serve] [options]       serve until Ctrl+C; started again on this machine it joins
          EmbedStore.Silo migrate [options]       create or update the members' tables in PostgreSQL, and end

        Options:
          --config <file>                         settings from a JSON file; embedstore.json here is read without it
          --EmbedStore:<setting> <value>          one setting; the environment names it EmbedStore__<setting>
          --stop-at-end-of-input                  stop when standard input ends: for programs that start a server
          --version                               print the version
          --help                                  print this

        Settings and their defaults (config/embedstore.json explains each):
        """;

    public static int Run()
    {
        Console.WriteLine(Usage);
        foreach (Setting setting in Setting.All)
        {
            Console.WriteLine($"  {setting.Key + " " + setting.Default,-46}  {setting.Summary}");
        }

        return 0;
    }
}
