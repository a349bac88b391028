using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>Death at every operation that serving does on the disk, each five times, on one data folder that goes through all of it.</summary>
public class ServingKillPointTests
{
    private const int KillsOfAPoint = 5;

    /// <summary>How many operations pass before a point strikes is drawn below <paramref name="countMax"/>.</summary>
    [Theory]
    [InlineData(60, "log.write.before", "log.write.during", "log.write.after", "log.flush.before", "log.flush.after")]
    [InlineData(3, "log.create.before", "log.create.after", "log.delete.before", "log.delete.after", "folder.flush.before", "folder.flush.after")]
    [InlineData(6, "snapshot.create.after", "snapshot.write.before", "snapshot.write.during", "snapshot.write.after", "snapshot.flush.before", "snapshot.flush.after")]
    [InlineData(6, "snapshot.read.before", "snapshot.read.after", "snapshot.delete.before", "snapshot.delete.after")]
    [InlineData(6, "manifest.write.before", "manifest.write.during", "manifest.flush.before", "manifest.flush.after", "manifest.rename.before", "manifest.rename.after", "manifest.delete.after")]
    public async Task Kill_AtAPointOfServing_LosesNothingAndCountsNothingTwice(int countMax, params string[] points)
    {
        var random = new Random(TestSeed.Current);
        await using PointedServer server = await PointedServer.StartAsync();
        foreach (string point in points)
        {
            for (int kill = 0; kill < KillsOfAPoint; kill++)
            {
                await server.DieAsync($"{point}:{random.Next(1, countMax + 1)}");
            }
        }

        await server.CheckAsync(points[^1]);
    }
}
