using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Orleans.Runtime.Placement;

namespace EmbedStore.Benchmarks.Cluster;

/// <summary>Question: is a grain call a way for rows to travel between servers, or should they go by HTTP beside it?</summary>
/// <remarks>Both ways move the same bytes between the same two processes, in turns. Each answer is compared before anything is timed.</remarks>
internal static class Comparison
{
    private const int RoundCount = 7;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(600);
    private static readonly int[] Sizes = [64 << 10, 256 << 10, 1 << 20];
    private static readonly int[] CallersAtOnce = [1, 8];

    public static async Task<int> RunAsync()
    {
        int[] ports = FreePorts(3);
        using Process other = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Assembly(), "serve", $"{ports[1]},{ports[0]},{ports[2]}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        await using WebApplication app = RowServer.Build(ports[0], ports[0], 0);
        await app.StartAsync();
        await other.StandardOutput.ReadLineAsync();
        IRowsGrain grain = await GrainOfAsync(app, other.Id);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null });
        Console.WriteLine($"{"bytes",9} {"at once",8} {"grain calls/s",14} {"MB/s",7} {"HTTP calls/s",14} {"MB/s",7} {"HTTP / grain",13}");
        foreach (int size in Sizes)
        {
            foreach (int callers in CallersAtOnce)
            {
                await CompareAsync(size, callers, async () => (await grain.ReadAsync(size)).Bytes, Http(client, ports[2], size));
            }
        }

        other.StandardInput.Close();
        await other.WaitForExitAsync();
        return 0;
    }

    private static async Task CompareAsync(int size, int callers, Func<Task<byte[]>> grain, Func<byte[], Task> http)
    {
        byte[] expected = Content.Of(size);
        byte[][] buffers = [.. Enumerable.Range(0, callers).Select(_ => new byte[size])];
        await http(buffers[0]);
        byte[] answer = await grain();
        if (!expected.AsSpan().SequenceEqual(answer) || !expected.AsSpan().SequenceEqual(buffers[0]))
        {
            throw new InvalidOperationException("An answer is wrong.");
        }

        var rates = new List<(double Grain, double Http)>();
        for (int round = -1; round < RoundCount; round++)
        {
            (double first, double second) = (await RateAsync(callers, _ => grain()), await RateAsync(callers, caller => http(buffers[caller])));
            if (round >= 0)
            {
                rates.Add((first, second));
            }
        }

        double grains = Median(rates.Select(static rate => rate.Grain));
        double https = Median(rates.Select(static rate => rate.Http));
        double ratio = Median(rates.Select(static rate => rate.Http / rate.Grain));
        Console.WriteLine(FormattableString.Invariant($"{size,9} {callers,8} {grains,14:0} {grains * size / 1e6,7:0} {https,14:0} {https * size / 1e6,7:0} {ratio,13:0.00}"));
    }

    private static async Task<double> RateAsync(int callers, Func<int, Task> call)
    {
        int count = 0;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            while (watch.Elapsed < RoundTime)
            {
                await call(caller);
                Interlocked.Increment(ref count);
            }
        })));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static Func<byte[], Task> Http(HttpMessageInvoker client, int port, int size)
    {
        var address = new Uri($"http://127.0.0.1:{port}/rows/{size}");
        return async buffer =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using HttpResponseMessage answer = await client.SendAsync(request, CancellationToken.None);
            await using Stream body = await answer.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(buffer);
        };
    }

    /// <summary>A grain in the other process.</summary>
    private static async Task<IRowsGrain> GrainOfAsync(WebApplication app, int processId)
    {
        var grains = app.Services.GetRequiredService<IGrainFactory>();
        var self = app.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var members = app.Services.GetRequiredService<IClusterMembershipService>();
        SiloAddress other = members.CurrentSnapshot.Members.Keys.First(member => !member.Equals(self));
        RequestContext.Set(IPlacementDirector.PlacementHintKey, other);
        IRowsGrain grain = grains.GetGrain<IRowsGrain>(1);
        int actual = await grain.ProcessIdAsync();
        RequestContext.Clear();
        return actual == processId ? grain : throw new InvalidOperationException("The grain is in this process.");
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static string[] Assembly() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Comparison).Assembly.Location] : [];

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, static listener => listener.Start());
        int[] ports = [.. listeners.Select(static listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        Array.ForEach(listeners, static listener => listener.Stop());
        return ports;
    }
}
