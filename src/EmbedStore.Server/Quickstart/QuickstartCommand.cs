using EmbedStore.Http;

namespace EmbedStore.Server.Quickstart;

internal static class QuickstartCommand
{
    public static Task<int> RunAsync(CommandLine line) => Task.FromResult(0);
}
