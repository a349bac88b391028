using EmbedStore.Http;
using EmbedStore.Silo.Commands;

try
{
    CommandLine line = CommandLine.Parse(args, "serve", "migrate", KeyCommand.Word);
    return line switch
    {
        { Help: true } => HelpCommand.Run(),
        { Version: true } => VersionCommand.Run(),
        { Command: "migrate" } => await MigrateCommand.RunAsync(line),
        { Command: KeyCommand.Word } => KeyCommand.Run(line, Console.In, Console.Out),
        _ => await ServeCommand.RunAsync(line),
    };
}
catch (StartException refusal)
{
    Console.Error.WriteLine(refusal.Message);
    return StartException.ExitCode;
}
