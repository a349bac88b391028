using System.Diagnostics;
using System.Reflection;
using EmbedStore.Server.Commands;

namespace EmbedStore.Server.Quickstart;

/// <summary>This program again, as a server of its own process. It ends when this process ends, because its standard input does.</summary>
internal sealed class ServerChild(string folder) : IDisposable
{
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(30);

    private Process? _process;

    /// <summary>Where it listens; changes with each start.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Starts on a free port and returns when it listens.</summary>
    /// <exception cref="CheckFailedException">It ended or said nothing.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        Process process = Process.Start(Describe())!;
        _process = process;
        Address = await ReadAddressAsync(process.StandardOutput).WaitAsync(StartMax, cancellation);

        // Read on, so that the child never waits for a full pipe.
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
    }

    /// <summary>Kills with signal 9: the server gets no chance to write anything.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }
    }

    private static async Task<Uri> ReadAddressAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [Banner.ListeningLabel, string address])
            {
                return new Uri(address);
            }
        }

        throw new CheckFailedException("start of the server", "an address", "its end");
    }

    private ProcessStartInfo Describe()
    {
        string program = Environment.ProcessPath!;
        bool byDotnet = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        IEnumerable<string> dll = byDotnet ? [Assembly.GetExecutingAssembly().Location] : [];
        var start = new ProcessStartInfo(program, [.. dll, "serve", "--stop-at-end-of-input", "--EmbedStore:HttpPort", "0", "--EmbedStore:Data", Path.Combine(folder, "data")])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        // The user's own settings must not change what is shown.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("EmbedStore__", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        return start;
    }
}
