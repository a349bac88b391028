using EmbedStore.Http;
using EmbedStore.Server.Commands;
using EmbedStore.Server.Quickstart;

try
{
    CommandLine line = CommandLine.Parse(args, "serve", "quickstart", KeyCommand.Word);
    return line switch
    {
        { Help: true } => HelpCommand.Run(),
        { Version: true } => VersionCommand.Run(),
        { Command: "quickstart" } => await QuickstartCommand.RunAsync(line),
        { Command: KeyCommand.Word } => KeyCommand.Run(line, Console.In, Console.Out),
        _ => await ServeCommand.RunAsync(line),
    };
}
catch (StartException refusal)
{
    Console.Error.WriteLine(refusal.Message);
    return StartException.ExitCode;
}
