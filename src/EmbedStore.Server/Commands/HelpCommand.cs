using EmbedStore.Http;

namespace EmbedStore.Server.Commands;

/// <summary>Prints how to call the program, and every setting.</summary>
internal static class HelpCommand
{
    private const string Usage = """
        A server for embedding tables: the tensor subscript over HTTP.

        Usage:
          EmbedStore.Server [serve] [options]     serve until Ctrl+C
          EmbedStore.Server quickstart            show in a minute what a server does, in a temporary folder
          EmbedStore.Server quickstart --server <address>     the same on a server that runs
          EmbedStore.Server key <name> [options]  make a key that clients show, and print it with its settings

        Options:
          --config <file>                         settings from a JSON file; embedstore.json here is read without it
          --EmbedStore:<setting> <value>          one setting; the environment names it EmbedStore__<setting>
          --stop-at-end-of-input                  stop when standard input ends: for programs that start a server
          --key <key>                             of quickstart --server: what to show it; without, the variable EMBEDSTORE_KEY
          --role <role>, --tables <a,b*>          of the command key: read, write or admin, and for which tables; without, read and all
          --stdin                                 of the command key: the key comes from standard input, and only its settings are printed
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
