using Microsoft.Extensions.Logging;

namespace EmbedStore.Cluster;

/// <summary>Ends the process when its membership is beyond repair, above all when the others declared it dead. Whoever supervises it starts it again, as a new member.</summary>
/// <remarks>Nothing is closed first: others own its shards already, and what it acknowledged is on disk.</remarks>
internal sealed partial class LostMember(ILogger<LostMember> logger) : IFatalErrorHandler
{
    /// <summary>Exit code of a server that is no member any more.</summary>
    public const int ExitCode = 3;

    /// <summary>When the process has not ended by itself after this, it is ended hard.</summary>
    private static readonly TimeSpan ExitTimeMax = TimeSpan.FromSeconds(5);

    private int _ending;

    /// <summary>What ends the process. Replaced in tests.</summary>
    internal Action<int> Exit { get; init; } = ExitNow;

    /// <inheritdoc/>
    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    /// <inheritdoc/>
    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (Interlocked.Exchange(ref _ending, 1) != 0)
        {
            return;
        }

        string reason = context ?? exception?.Message ?? "no reason was given";
        LogLost(reason, exception);
        Console.Error.WriteLine($"This server is no member of the cluster any more and ends; start it again. {reason}");
        Exit(ExitCode);
    }

    private static void ExitNow(int code)
    {
        new Thread(() =>
        {
            Thread.Sleep(ExitTimeMax);
            Environment.FailFast("The process did not end in time.");
        })
        { IsBackground = true }.Start();

        // From a thread of its own: who reports the loss may hold what the end waits for.
        new Thread(() => Environment.Exit(code)).Start();
    }

    [LoggerMessage(Shards.EmbedStoreTelemetry.Events.MemberLost, LogLevel.Critical, "This server is no member of the cluster any more and ends: {Reason}")]
    private partial void LogLost(string reason, Exception? failure);
}
