using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EmbedStore.Load;

/// <summary>This repository's server in a process of its own, on a free port. It ends with this process, because its standard input does.</summary>
internal sealed class EmbedStoreServer : IDisposable
{
    private const string ListeningLabel = "listening";
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _http;

    /// <summary>Starts one whose tables are empty.</summary>
    /// <param name="folder">Of its data; empty.</param>
    /// <param name="settings">Name and value, in turn, such as <c>RowStore:MemoryBytes</c>.</param>
    /// <exception cref="WrongAnswerException">It ended, or did not listen in time.</exception>
    public EmbedStoreServer(string folder, params IEnumerable<(string Name, string Value)> settings)
    {
        _process = Process.Start(Describe(folder, settings))!;
        Cleanup.Add(this);
        Uri address = ReadAddress(_process.StandardOutput);
        Port = address.Port;
        _http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };

        // Read on, so that the server never waits for a full pipe.
        _ = _process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>On 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>What the process has in memory. Unit: bytes.</summary>
    public long ResidentByteCount => Machine.ResidentByteCount(_process.Id);

    /// <summary>Processor time that the process has taken.</summary>
    public ProcessorUse ProcessorUse => ProcessorUse.Of(_process);

    /// <summary>A call whose time does not matter. Its answer is JSON.</summary>
    /// <exception cref="WrongAnswerException">It was refused.</exception>
    public JsonElement Call(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage response = _http.Send(request);
        using var reader = new StreamReader(response.Content.ReadAsStream());
        string answer = reader.ReadToEnd();
        return response.IsSuccessStatusCode
            ? JsonElement.Parse(answer)
            : throw new WrongAnswerException(string.Create(CultureInfo.InvariantCulture, $"{method} {path}: {(int)response.StatusCode} {answer}"));
    }

    /// <summary>Kills it: its data is of no more use.</summary>
    public void Dispose()
    {
        if (!Cleanup.Take(this))
        {
            return;
        }

        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http?.Dispose();
    }

    private static ProcessStartInfo Describe(string folder, IEnumerable<(string Name, string Value)> settings)
    {
        string dll = Path.Combine(AppContext.BaseDirectory, "EmbedStore.Server.dll");
        IEnumerable<string> more = settings.SelectMany(static setting => new[] { "--EmbedStore:" + setting.Name, setting.Value });
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [dll, "serve", "--stop-at-end-of-input", "--EmbedStore:HttpPort", "0", "--EmbedStore:Data", folder, .. more])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        // The user's own settings must not change what is measured.
        foreach (string name in start.Environment.Keys.Where(static name => name.StartsWith("EmbedStore__", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        return start;
    }

    private static Uri ReadAddress(StreamReader output)
    {
        Task<string?> address = Task.Run(async () =>
        {
            while (await output.ReadLineAsync() is { } line)
            {
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [ListeningLabel, string found])
                {
                    return found;
                }
            }

            return null;
        });
        return address.Wait(StartMax) && address.Result is { } uri ? new Uri(uri) : throw new WrongAnswerException("The server does not listen.");
    }
}
