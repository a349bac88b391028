using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace EmbedStore.Testing;

/// <summary>A real server in a process of its own, on a free port, with its data in a temporary folder; it can be killed and started again.</summary>
/// <remarks>
/// <para>The project that uses it must reference EmbedStore.Server; see <see cref="ServerProgram"/>.</para>
/// <para>The server ends with this process even when that is killed, because its standard input does.</para>
/// </remarks>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly string _program;
    private readonly string[] _arguments;
    private readonly Dictionary<string, string> _environment;
    private Process? _process;
    private HttpClient? _client;

    private ServerProcess(string[] arguments, IReadOnlyDictionary<string, string>? environment, string program)
    {
        _program = program;
        _arguments = ["serve", "--stop-at-end-of-input", "--EmbedStore:HttpPort", "0", "--EmbedStore:Data", DataFolder, .. arguments];
        _environment = new(environment ?? new Dictionary<string, string>());
    }

    /// <summary>Where the server keeps its tables.</summary>
    public string DataFolder => _folder["data"];

    /// <summary>Speaks to the server; another one after each start.</summary>
    public HttpClient Client => _client ?? throw new InvalidOperationException("The server was not started.");

    /// <summary>Id of the running process.</summary>
    public int ProcessId => Running.Id;

    /// <summary>Lines of standard output so far, of all starts.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Lines of standard error so far, of all starts: what the server logged.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    private Process Running => _process ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>Starts a server and returns when it listens.</summary>
    /// <param name="arguments">More of the command line, such as <c>--EmbedStore:Shards 2</c> as two words.</param>
    public static Task<ServerProcess> StartAsync(params string[] arguments) => StartAsync(arguments, null);

    /// <summary>Starts a server with more environment variables and returns when it listens.</summary>
    public static async Task<ServerProcess> StartAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment, string program = ServerProgram.Server)
    {
        var server = new ServerProcess(arguments, environment, program);
        try
        {
            await server.LaunchAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills with signal 9 and returns when the process is gone. The data folder stays.</summary>
    public void Kill()
    {
        Running.Kill();
        Running.WaitForExit();
        Forget();
    }

    /// <summary>Sets an environment variable of later starts; null takes it away.</summary>
    public void SetVariable(string name, string? value)
    {
        _environment.Remove(name);
        if (value is not null)
        {
            _environment[name] = value;
        }
    }

    /// <summary>Starts again on the same folder, after <see cref="Kill"/> or <see cref="StopAsync"/>; kills first when it still runs.</summary>
    public Task RestartAsync()
    {
        if (_process is not null)
        {
            Kill();
        }

        return LaunchAsync();
    }

    /// <summary>Asks the server to stop (SIGTERM) and waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        using Process signal = Process.Start("kill", ["-TERM", ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await signal.WaitForExitAsync();
        return await WaitForEndAsync();
    }

    /// <summary>Ends standard input, as the death of the process that started the server would, and waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> EndInputAsync()
    {
        Running.StandardInput.Close();
        return WaitForEndAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Kill();
        }

        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits until the process has ended, by itself or because it was told to.</summary>
    /// <returns>The exit code; 137 when it was killed with signal 9.</returns>
    public async Task<int> WaitForEndAsync()
    {
        await Running.WaitForExitAsync().WaitAsync(ServerProgram.Patience);
        int exitCode = Running.ExitCode;
        Forget();
        return exitCode;
    }

    private void Forget()
    {
        _client?.Dispose();
        _process?.Dispose();
        (_client, _process) = (null, null);
    }

    private async Task LaunchAsync()
    {
        _process = Process.Start(ServerProgram.Describe(_folder.Path, _arguments, _environment, _program))!;
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.BeginErrorReadLine();

        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) =>
        {
            Keep(_output, line.Data);
            Look(line.Data, listening);
        };
        _process.BeginOutputReadLine();
        _client = new HttpClient { BaseAddress = await listening.Task.WaitAsync(ServerProgram.Patience), Timeout = ServerProgram.Patience };
    }

    private void Look(string? line, TaskCompletionSource<Uri> listening)
    {
        if (line is null)
        {
            listening.TrySetException(new InvalidOperationException("The server ended before it listened: " + string.Join('\n', _errors)));
        }
        else if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["listening", string address])
        {
            listening.TrySetResult(new Uri(address));
        }
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }
}
