using EmbedStore.Http;

namespace EmbedStore.Server.Commands;

/// <summary>Serves until it is told to stop.</summary>
internal static class ServeCommand
{
    /// <exception cref="StartException">The server cannot start.</exception>
    public static async Task<int> RunAsync(CommandLine line)
    {
        if (line.Server is not null)
        {
            throw new StartException("--server goes with quickstart: it names a server that runs already.");
        }

        await using WebApplication app = EmbedStoreHost.Build(SettingsSources.Load(line));
        IReadOnlyCollection<string> addresses = await app.ListenAsync();
        Banner.Print(addresses, app.Services.GetRequiredService<DataFolder>().Path);
        if (line.StopAtEndOfInput)
        {
            _ = StopAtEndOfInputAsync(app.Lifetime);
        }

        await app.WaitForShutdownAsync();
        return 0;
    }

    private static async Task StopAtEndOfInputAsync(IHostApplicationLifetime lifetime)
    {
        await Console.OpenStandardInput().CopyToAsync(Stream.Null);
        lifetime.StopApplication();
    }
}
