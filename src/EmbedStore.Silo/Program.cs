using EmbedStore.Http;
using EmbedStore.Silo.Commands;

try
{
    CommandLine line = CommandLine.Parse(args, "serve", "migrate");
    return line switch
    {
        { Help: true } => HelpCommand.Run(),
        { Version: true } => VersionCommand.Run(),
        { Command: "migrate" } => await MigrateCommand.RunAsync(line),
        _ => await ServeCommand.RunAsync(line),
    };
}
catch (StartException refusal)
{
    Console.Error.WriteLine(refusal.Message);
    return StartException.ExitCode;
}
