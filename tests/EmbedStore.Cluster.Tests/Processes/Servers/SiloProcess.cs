using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>A server of a cluster in a process of its own; it can be killed, stopped, halted and started again, always with the same name and ports.</summary>
/// <param name="name">Of the server.</param>
/// <param name="folder">Current folder of its process: a shared one.</param>
/// <param name="settings">Of the whole cluster; each is two words.</param>
/// <param name="address">Where the others reach it.</param>
/// <param name="network">The network that it is in; null: the machine's.</param>
/// <remarks>It ends with this process even when that is killed, because its standard input does.</remarks>
internal sealed class SiloProcess(string name, string folder, IReadOnlyList<string> settings, string address = "127.0.0.1", NetworkNamespace? network = null) : IAsyncDisposable
{
    private const string Program = "EmbedStore.Silo";

    private readonly ConcurrentQueue<string> _errors = new();
    private readonly int _httpPort = FreePort();
    private readonly int _siloPort = FreePort();
    private readonly int _peerPort = FreePort();
    private Process? _process;

    public string Name => name;

    /// <summary>Whether it should answer: false from the moment before it is killed, halted or told to stop. A test that cuts it off says so itself.</summary>
    public bool IsUp { get; set; }

    /// <summary>How often it was started.</summary>
    public int StartCount { get; private set; }

    /// <summary>Lines of standard error so far, of all starts: what the server logged.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    private string Socket => Path.Combine(folder, $"{name}.sock");

    /// <summary>A port of loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts it and returns when it is ready: no sooner does a load balancer give it requests.</summary>
    public async Task StartAsync()
    {
        string[] arguments = [
            "serve", "--stop-at-end-of-input", .. settings,
            "--EmbedStore:ScratchFolder", $"scratch-{name}", "--EmbedStore:HttpPort", Text(_httpPort), "--EmbedStore:Http2Port", "-1", "--EmbedStore:FeastPort", "-1",
            "--EmbedStore:SocketPath", Socket, "--EmbedStore:Cluster:SiloName", name, "--EmbedStore:Cluster:AdvertisedAddress", address,
            "--EmbedStore:Cluster:SiloPort", Text(_siloPort), "--EmbedStore:Cluster:PeerPort", Text(_peerPort)];
        ProcessStartInfo start = ServerProgram.Describe(folder, arguments, program: Program);
        network?.Enter(start);
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) => Look(line.Data, listening);
        _process.BeginOutputReadLine();
        await listening.Task.WaitAsync(ServerProgram.Patience);
        await Wait.UntilAsync($"{name} to be ready", async () => await IsReadyAsync());
        StartCount++;
        IsUp = true;
    }

    private async Task<bool> IsReadyAsync()
    {
        ApiClient api = NewClient(ServerProgram.Patience);
        using HttpClient http = api.Http;
        return HasEnded ? throw new InvalidOperationException($"{name} ended before it was ready: {string.Join('\n', _errors)}")
            : await Calls.TryAsync(() => api.GetAsync("/health/ready")) is not null;
    }

    /// <summary>A client of its own connections. It outlives the server, and finds the next one of this name.</summary>
    /// <param name="timeout">Of one call.</param>
    public ApiClient NewClient(TimeSpan timeout)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (network is not null)
        {
            // Its client door is on a loopback of its own; the folder is everybody's.
            handler.ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return new ApiClient(new HttpClient(handler) { BaseAddress = new Uri($"http://127.0.0.1:{Text(_httpPort)}"), Timeout = timeout });
    }

    /// <summary>Kills with signal 9 and returns when the process is gone.</summary>
    public void Kill()
    {
        IsUp = false;
        if (_process is { } process)
        {
            process.Kill();
            process.WaitForExit();
            Forget();
        }
    }

    /// <summary>Stops the process where it is; its connections stay.</summary>
    public void Halt()
    {
        IsUp = false;
        Signal("STOP");
    }

    /// <summary>Lets it go on.</summary>
    public void Continue() => Signal("CONT");

    /// <summary>Asks it to stop and waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync()
    {
        IsUp = false;
        Signal("TERM");
        return WaitForEndAsync();
    }

    /// <summary>Waits until the process has ended.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitForEndAsync()
    {
        await _process!.WaitForExitAsync().WaitAsync(ServerProgram.Patience);
        int exitCode = _process.ExitCode;
        Forget();
        return exitCode;
    }

    /// <summary>Whether the process has ended by itself.</summary>
    public bool HasEnded => _process is { HasExited: true };

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Kill();
        return ValueTask.CompletedTask;
    }

    private void Signal(string signal) => Command.Run("kill", $"-{signal}", Text(_process!.Id));

    private void Forget()
    {
        IsUp = false;
        _process?.Dispose();
        _process = null;
    }

    private void Look(string? line, TaskCompletionSource listening)
    {
        if (line is null)
        {
            listening.TrySetException(new InvalidOperationException($"{name} ended before it listened: {string.Join('\n', _errors)}"));
        }
        else if (line.TrimStart().StartsWith("listening", StringComparison.Ordinal))
        {
            listening.TrySetResult();
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _errors.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {name} {line}"));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
