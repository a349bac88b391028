using System.Globalization;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Reads the newest rows through one server after the other. It may be refused while shards move; it never gets half a row, nor an answer older than one that it had.</summary>
internal sealed class FreshReader(IReadOnlyList<SiloProcess> servers)
{
    private static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(15);

    private readonly ApiClient[] _clients = [.. servers.Select(static server => server.NewClient(TryTimeout))];

    /// <summary>Answers.</summary>
    public long ReadCount { get; private set; }

    /// <summary>Reads without one.</summary>
    public long RefusedCount { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        long version = 0;
        for (int turn = 0; !stop.IsCancellationRequested; turn++)
        {
            (string, string) newer = ("Embedstore-Min-Version", version.ToString(CultureInfo.InvariantCulture));
            if (await Calls.TryAsync(() => RowSet.GatherAsync(_clients[turn % _clients.Length], RowSet.LedgerIndex, newer)) is { } answer)
            {
                ReadCount++;
                RowSet.NumbersOf(answer);
                version = answer.Version >= version ? answer.Version : throw new InvalidOperationException($"Version {version} was asked for, and {answer.Version} came.");
            }
            else
            {
                RefusedCount++;
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
