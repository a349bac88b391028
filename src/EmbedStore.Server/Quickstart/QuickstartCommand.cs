using System.Diagnostics;
using System.Runtime.InteropServices;
using EmbedStore.Http;
using EmbedStore.Server.Commands;

namespace EmbedStore.Server.Quickstart;

/// <summary>Shows in a minute what a server does, and checks each answer: on one of its own in a temporary folder, or on one that runs already.</summary>
internal static class QuickstartCommand
{
    private const int Interrupted = 130;

    /// <summary>The key for a server that asks for one. On the command line others could read it.</summary>
    private const string KeyVariable = "EMBEDSTORE_KEY";

    private static readonly IStep[] Steps = [new LettersStep(), new AssignStep(), new ArgmaxStep(), new MillionStep()];

    private static readonly string[] TableNames = [LettersStep.Table, ArgmaxStep.Features, ArgmaxStep.Table, MillionTable.Name];

    /// <returns>0 when everything held.</returns>
    /// <exception cref="StartException">Settings were given; there is nothing to set. Or the server has tables of the names that are used here.</exception>
    public static async Task<int> RunAsync(CommandLine line)
    {
        if (line.Settings.Count > 0 || line.ConfigFile is not null)
        {
            throw new StartException("quickstart takes no settings: it starts a server with the defaults, a free port and a temporary folder, or calls one with --server.");
        }

        using var interrupt = new CancellationTokenSource();
        using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        try
        {
            return line.Server is { } address ? await RunOnRunningAsync(address, line.Key ?? Environment.GetEnvironmentVariable(KeyVariable), interrupt.Token) : await RunOnOwnAsync(interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return Interrupted;
        }

        void Interrupt(PosixSignalContext signal)
        {
            // Go through every finally instead of ending here.
            signal.Cancel = true;
            interrupt.Cancel();
        }
    }

    private static async Task<int> RunOnOwnAsync(CancellationToken cancellation)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("embedstore-quickstart-");
        try
        {
            using var server = new ServerChild(folder.FullName);
            return await ReportAsync("The server is stopped and its folder removed.", async report =>
            {
                await server.StartAsync(cancellation);
                Introduce($"a server at {server.Address} with its data in {folder.FullName}");
                using var stage = new Stage(server.Address, null, report, cancellation);
                await RunStepsAsync(stage, [.. Steps, new KillStep(server)]);
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Everything but what needs the server's process. Its tables are dropped in the end.</summary>
    private static Task<int> RunOnRunningAsync(Uri address, string? key, CancellationToken cancellation) => ReportAsync("The tables are dropped.", async report =>
    {
        Introduce($"the server at {address}");
        using var stage = new Stage(address, key, report, cancellation);
        await stage.Client.WaitUntilReadyAsync();
        await RequireFreeAsync(stage.Client);
        try
        {
            await RunStepsAsync(stage, Steps);
        }
        finally
        {
            foreach (string table in TableNames)
            {
                await stage.Client.DropTableAsync(table);
            }
        }
    });

    private static async Task RequireFreeAsync(QuickstartClient client)
    {
        string[] taken = [.. (await client.TableNamesAsync()).Intersect(TableNames)];
        if (taken.Length > 0)
        {
            throw new StartException($"The server has tables of the names that the quickstart uses: {string.Join(", ", taken)}. They would be overwritten.");
        }
    }

    private static void Introduce(string server)
    {
        Console.WriteLine($"{VersionCommand.NameAndVersion} quickstart: {server}");
        Console.WriteLine("A check mark stands for a comparison with what this client computed by itself.");
    }

    private static async Task<int> ReportAsync(string farewell, Func<Report, Task> run)
    {
        long begin = Stopwatch.GetTimestamp();
        var report = new Report();
        try
        {
            await run(report);
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

        Console.WriteLine($"\nAll {report.Checks} checks held, in {Stopwatch.GetElapsedTime(begin).TotalSeconds:F0} s. {farewell}");
        return 0;
    }

    private static async Task RunStepsAsync(Stage stage, IReadOnlyList<IStep> steps)
    {
        await stage.Client.WaitUntilReadyAsync();
        foreach (IStep step in steps)
        {
            stage.Report.Title(step.Title);
            await step.RunAsync(stage);
        }
    }
}
