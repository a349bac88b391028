using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>What must not outlive this program: servers and folders. It is given back when its owner is done, and all of it when the program ends or is told to.</summary>
/// <remarks>Thread-safe.</remarks>
internal static class Cleanup
{
    /// <summary>As a shell reports a program that ended by Ctrl+C.</summary>
    public const int InterruptedExitCode = 130;

    private static readonly Lock Gate = new();
    private static readonly List<IDisposable> Owned = [];

    /// <summary>A signal came: what fails from now on fails because its peer was ended.</summary>
    public static bool IsInterrupted { get; private set; }

    public static void Add(IDisposable owned)
    {
        lock (Gate)
        {
            Owned.Add(owned);
        }
    }

    /// <summary>True for the one that is to give it back: an owner that is done, or <see cref="Run"/>, whichever comes first.</summary>
    public static bool Take(IDisposable owned)
    {
        lock (Gate)
        {
            return Owned.Remove(owned);
        }
    }

    /// <summary>Gives everything back, the newest first: a server before the folder that it writes to.</summary>
    public static void Run()
    {
        // Held to the end: who finds nothing left to do here may end the program.
        lock (Gate)
        {
            foreach (IDisposable owned in Owned.AsEnumerable().Reverse().ToArray())
            {
                owned.Dispose();
            }
        }
    }

    /// <summary>From now on a signal that ends the program cleans up first. Keep what it gives.</summary>
    public static IDisposable[] OnSignals() => [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(static signal => PosixSignalRegistration.Create(signal, _ =>
    {
        IsInterrupted = true;
        Run();
        Environment.Exit(InterruptedExitCode);
    }))];
}
