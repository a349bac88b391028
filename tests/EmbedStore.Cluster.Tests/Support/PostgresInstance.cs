using System.Diagnostics;
using EmbedStore.Testing;
using Npgsql;

namespace EmbedStore.Cluster.Tests;

/// <summary>A PostgreSQL server of this test run alone, in a temporary folder and on a socket there.</summary>
/// <remarks>It ends with this process even when that is killed, because its supervisor's standard input does.</remarks>
#pragma warning disable CA1001 // The test framework calls DisposeAsync.
public sealed class PostgresInstance : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly TemporaryFolder _folder = new();
    private Process? _supervisor;
    private int _databaseCount;

    /// <summary>Where the distribution's packages put it; null where there is none.</summary>
    internal static string? Programs { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(static version => Path.Combine(version, "bin")).FirstOrDefault(static bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    public async Task InitializeAsync()
    {
        if (Programs is null)
        {
            return;
        }

        // It refuses to run as root.
        string data = _folder["data"];
        string asUser = Environment.IsPrivilegedProcess ? "setpriv --reuid postgres --regid postgres --clear-groups" : "";
        string owner = Environment.IsPrivilegedProcess ? $"chown postgres '{_folder.Path}';" : "";
        string script = $"""
            set -e
            {owner}
            {asUser} {Programs}/initdb -D '{data}' -U postgres -A trust -N >'{_folder["initdb.log"]}' 2>&1
            {asUser} {Programs}/postgres -D '{data}' -k '{_folder.Path}' -c listen_addresses= -c fsync=off >'{_folder["postgres.log"]}' 2>&1 </dev/null &
            server=$!
            cat >/dev/null
            kill -INT $server
            wait $server || true
            """;
        _supervisor = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true, WorkingDirectory = "/" });
        using var patience = new CancellationTokenSource(TestTimes.Patience);
        while (!await AnswersAsync())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_supervisor is not null)
        {
            _supervisor.StandardInput.Close();
            await _supervisor.WaitForExitAsync().WaitAsync(TestTimes.Patience);
            _supervisor.Dispose();
        }

        _folder.Dispose();
    }

    /// <summary>Connection string of a new and empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        string name = $"test{Interlocked.Increment(ref _databaseCount)}";
        await ExecuteAsync(To("postgres"), $"CREATE DATABASE {name}");
        return To(name);
    }

    public static async Task ExecuteAsync(string connectionString, string text)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        await using NpgsqlCommand command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<T> ReadAsync<T>(string connectionString, string text)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        await using NpgsqlCommand command = source.CreateCommand(text);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private string To(string database) => new NpgsqlConnectionStringBuilder { Host = _folder.Path, Username = "postgres", Database = database }.ConnectionString;

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await ExecuteAsync(To("postgres"), "SELECT 1");
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
