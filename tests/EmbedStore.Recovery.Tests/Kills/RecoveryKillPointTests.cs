using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>Death at every step of a start, each five times. A death before leaves a torn end in a log, so that the start has everything to do; and the start after it has to cope.</summary>
public class RecoveryKillPointTests
{
    private const int KillsOfAPoint = 5;

    /// <summary>How many operations pass before a point strikes is drawn below <paramref name="countMax"/>.</summary>
    [Theory]
    [InlineData(4, "owner.write.before", "owner.write.during", "owner.flush.before", "owner.flush.after", "owner.rename.before", "owner.rename.after")]
    [InlineData(3, "manifest.read.before", "manifest.read.after", "snapshot.read.before", "snapshot.read.after", "log.read.before", "log.read.after")]
    [InlineData(1, "log.cut.before", "log.cut.after", "log.flush.before", "log.flush.after")]
    public async Task Kill_AtAStepOfRecovery_LosesNothingAndCountsNothingTwice(int countMax, params string[] points)
    {
        var random = new Random(TestSeed.Current);
        await using PointedServer server = await PointedServer.StartAsync();
        foreach (string point in points)
        {
            for (int kill = 0; kill < KillsOfAPoint; kill++)
            {
                await DieTwiceAsync(server, random, $"{point}:{random.Next(1, countMax + 1)}");
            }
        }

        await server.CheckAsync(points[^1]);
    }

    /// <summary>A write that is torn need not leave a torn record: half of a group may be one whole, and half of a new segment's head is a file to delete. Then there is nothing to cut, and another is torn.</summary>
    private static async Task DieTwiceAsync(PointedServer server, Random random, string point)
    {
        const int AttemptsMax = 20;
        bool needsTornRecord = point.StartsWith("log.cut", StringComparison.Ordinal);
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            await server.DieAsync($"log.write.during:{random.Next(30, 90)}");
            if (!needsTornRecord)
            {
                await server.DieAsync(point);
                return;
            }

            if (await server.DiesInStartAsync(point))
            {
                return;
            }
        }

        Assert.Fail($"{point} did not strike in {AttemptsMax} starts, {TestSeed.Hint}.");
    }
}
