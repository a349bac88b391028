using System.Diagnostics;
using System.Runtime.InteropServices;
using EmbedStore.Http;
using EmbedStore.Server.Commands;

namespace EmbedStore.Server.Quickstart;

/// <summary>Shows in a minute what a server does, on one of its own in a temporary folder, and checks each answer.</summary>
internal static class QuickstartCommand
{
    private const int Interrupted = 130;

    private static readonly IStep[] Steps = [new LettersStep(), new AssignStep(), new ArgmaxStep(), new MillionStep(), new KillStep()];

    /// <returns>0 when everything held.</returns>
    /// <exception cref="StartException">Settings were given; there is nothing to set.</exception>
    public static async Task<int> RunAsync(CommandLine line)
    {
        if (line.Settings.Count > 0 || line.ConfigFile is not null)
        {
            throw new StartException("quickstart takes no settings: it starts a server with the defaults, a free port and a temporary folder.");
        }

        using var interrupt = new CancellationTokenSource();
        using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("embedstore-quickstart-");
        try
        {
            return await RunAsync(folder.FullName, interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return Interrupted;
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        void Interrupt(PosixSignalContext signal)
        {
            // Go through every finally instead of ending here.
            signal.Cancel = true;
            interrupt.Cancel();
        }
    }

    private static async Task<int> RunAsync(string folder, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        var report = new Report();
        using var server = new ServerChild(folder);
        try
        {
            await server.StartAsync(cancellation);
            Console.WriteLine($"{VersionCommand.NameAndVersion} quickstart: a server at {server.Address} with its data in {folder}");
            Console.WriteLine("A check mark stands for a comparison with what this client computed by itself.");
            using var stage = new Stage(server, report, cancellation);
            await RunStepsAsync(stage);
        }
        catch (CheckFailedException failure)
        {
            report.Failed(failure);
            return 1;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException)
        {
            report.Failed(new CheckFailedException("a call of the server", "an answer", failure.Message));
            return 1;
        }

        Console.WriteLine($"\nAll {report.Checks} checks held, in {Stopwatch.GetElapsedTime(begin).TotalSeconds:F0} s. The server is stopped and its folder removed.");
        return 0;
    }

    private static async Task RunStepsAsync(Stage stage)
    {
        await stage.Client.WaitUntilReadyAsync();
        foreach (IStep step in Steps)
        {
            stage.Report.Title(step.Title);
            await step.RunAsync(stage);
        }
    }
}
