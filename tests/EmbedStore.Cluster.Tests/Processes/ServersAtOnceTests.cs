using System.Globalization;
using EmbedStore.Testing;
using Xunit.Abstractions;

namespace EmbedStore.Cluster.Tests;

/// <summary>The same work through several servers at the same time.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class ServersAtOnceTests(RunningCluster running, ITestOutputHelper output) : IClassFixture<RunningCluster>
{
    private const int BatchCount = 200;
    private const int WriteCount = 300;

    [ClusterFact]
    public async Task Batches_SentToTwoServersAtOnce_CountOnce()
    {
        ApiClient[] apis = [.. running.Cluster.Silos.Select(SiloCluster.Client)];
        int[] rows = [.. Enumerable.Range(0, RowSet.LedgerRowCount)];
        for (int sequence = 1; sequence <= BatchCount; sequence++)
        {
            (string, string)[] headers = [("Embedstore-Writer", "twice"), ("Embedstore-Sequence", sequence.ToString(CultureInfo.InvariantCulture))];
            ApiClient[] both = [apis[sequence % 3], apis[(sequence + 1) % 3]];
            Answer[] answers = await Task.WhenAll(both.Select(api => api.SendAsync(
                HttpMethod.Post, $"/v1/tables/{SiloCluster.Table}/put?accumulate=true", WireBody.Content(WireFormat.Safetensors, RowSet.Tensors(rows, "values", 1)), headers: headers)));
            Assert.All(answers, static answer => answer.Success());
            Assert.Single(answers, static answer => answer.Headers.GetValueOrDefault("embedstore-duplicate") == "true");
        }

        foreach (ApiClient api in apis)
        {
            Assert.All(RowSet.NumbersOf(await RowSet.GatherAsync(api, RowSet.LedgerIndex)), static number => Assert.Equal(BatchCount, number));
        }

        output.Say("TwiceTests", $"{BatchCount} batches, each sent to two servers at once, counted {BatchCount} times.");
    }

    /// <summary>A mark that lets reads run beside each other must not let a write in between (dotnet/orleans#10807).</summary>
    [ClusterFact]
    public async Task Reads_ThroughTwoServersBesideAWriter_AreNeverTorn_NorOlderThanAskedFor()
    {
        ApiClient[] apis = [.. running.Cluster.Silos.Select(SiloCluster.Client)];
        int[] rows = [.. Enumerable.Range(RowSet.LedgerRowCount, SiloCluster.RowCount - RowSet.LedgerRowCount)];
        var written = new Written(0, 0);
        (await RowSet.PutAsync(apis[0], rows, 0)).Success();
        Task<int>[] readers = [Task.Run(() => ReadAsync(apis[1], isAged: false)), Task.Run(() => ReadAsync(apis[2], isAged: true))];
        for (int number = 1; number <= WriteCount; number++)
        {
            Answer answer = (await RowSet.PutAsync(apis[0], rows, number)).Success();
            Volatile.Write(ref written, new Written(number, answer["version"].GetInt64()));
        }

        int[] counts = await Task.WhenAll(readers);
        Assert.All(counts, static count => Assert.True(count > 0));
        output.Say("ReadersTests", $"{WriteCount} writes of {rows.Length} rows, {counts[0]} fresh and {counts[1]} aged reads of all of them beside these through two servers: none torn, none older than asked for.");

        async Task<int> ReadAsync(ApiClient api, bool isAged)
        {
            float[] before = new float[rows.Length];
            long version = 0;
            int count = 0;
            while (Volatile.Read(ref written) is var known && known.Number < WriteCount)
            {
                // Rows that may be old, but not older than the last write that was acknowledged, or than the last read.
                version = Math.Max(version, known.Version);
                List<(string, string)> headers = [("Embedstore-Min-Version", version.ToString(CultureInfo.InvariantCulture))];
                headers.AddRange(isAged ? [("Embedstore-Max-Staleness", "60000")] : []);
                Answer answer = (await RowSet.GatherAsync(api, $"[{rows[0]}:]", [.. headers])).Success();
                float[] now = RowSet.NumbersOf(answer);
                Assert.All(now, number => Assert.True(number >= known.Number, $"{number} was read after {known.Number} was acknowledged with version {known.Version}."));
                Assert.All(now.Zip(before), static pair => Assert.True(pair.First >= pair.Second, $"{pair.First} was read after {pair.Second}."));
                before = now;
                version = Math.Max(version, answer.Version);
                count++;
            }

            return count;
        }
    }

    private sealed record Written(int Number, long Version);
}
