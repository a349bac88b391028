using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>A server that dies at one exact operation on its disk: EmbedStore.FaultServer, whose disk kills its own process; with a mixed load that knows what must be there.</summary>
public sealed class PointedServer : IAsyncDisposable
{
    private const string PointVariable = "EMBEDSTORE_KILL_AT";
    private const int KilledExitCode = 128 + 9;

    private readonly MixedLoad _load = new(TestSeed.Current);
    private readonly ServerProcess _server;

    private PointedServer(ServerProcess server) => _server = server;

    public static async Task<PointedServer> StartAsync()
    {
        var pointed = new PointedServer(await ServerProcess.StartAsync(["--EmbedStore:RowStore:MemoryBytes", "16777216"], environment: null, "EmbedStore.FaultServer"));
        await MixedLoad.CreateTablesAsync(pointed._server.Client);
        return pointed;
    }

    /// <summary>Starts the server with a point armed, and works until it dies, be that in its start. Whoever works checks first.</summary>
    /// <param name="point">As <c>EMBEDSTORE_KILL_AT</c> takes it: <c>log.flush.after:3</c>.</param>
    /// <exception cref="InvalidOperationException">Something was lost or counted twice, or the server did not die of the point.</exception>
    public async Task DieAsync(string point)
    {
        _server.SetVariable(PointVariable, point);
        try
        {
            await WorkAsync().WaitAsync(ServerProgram.Patience);
            int exitCode = await _server.WaitForEndAsync();
            Assert.True(exitCode == KilledExitCode, $"It ended with {exitCode}.");
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException($"{point}, {TestSeed.Hint}: {fault.Message}\n{string.Join('\n', _server.Errors.TakeLast(5))}", fault);
        }
    }

    /// <summary>Starts the server with a point armed, and kills it when it is ready all the same: there was nothing to do of that kind.</summary>
    /// <returns>Whether it died of the point.</returns>
    public async Task<bool> DiesInStartAsync(string point)
    {
        _server.SetVariable(PointVariable, point);
        try
        {
            await _server.RestartAsync();
            await MixedLoad.WaitUntilReadyAsync(_server.Client);
            _server.Kill();
            return false;
        }
        catch (Exception died) when (IsDeath(died))
        {
            return await _server.WaitForEndAsync() == KilledExitCode;
        }
    }

    /// <summary>Starts the server without a point, and compares everything.</summary>
    /// <param name="point">The last one.</param>
    public async Task CheckAsync(string point)
    {
        _server.SetVariable(PointVariable, null);
        await _server.RestartAsync();
        await MixedLoad.WaitUntilReadyAsync(_server.Client);
        string? problem = await _load.CheckAsync(_server.Client);
        Assert.True(problem is null, $"After {point}, {TestSeed.Hint}: {problem}");
        Assert.True(_load.AcknowledgedCount > 0);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task WorkAsync()
    {
        try
        {
            await _server.RestartAsync();
            await MixedLoad.WaitUntilReadyAsync(_server.Client);
            await _load.WorkAsync(_server.Client.BaseAddress!, static () => { });
        }
        catch (Exception died) when (IsDeath(died))
        {
            // It died before it was ready.
        }
    }

    /// <summary>What a start throws when the server dies in it: before it listens, or behind that.</summary>
    private static bool IsDeath(Exception fault) =>
        Worker.IsGone(fault) || (fault is InvalidOperationException && fault.Message.StartsWith("The server ended", StringComparison.Ordinal));
}
