using System.Diagnostics;
using System.Globalization;
using EmbedStore.Testing;
using Npgsql;

namespace EmbedStore.Cluster.Tests;

/// <summary>A PostgreSQL of its own, from the distribution's package, with its data in a temporary folder. It ends with this process, even when that is killed.</summary>
internal sealed class PostgresServer : IDisposable
{
    private const string Installed = "/usr/lib/postgresql";

    /// <summary>The server refuses to run as root.</summary>
    private const string Account = "postgres";

    /// <summary>Stops the server when standard input ends.</summary>
    private const string Guard = "\"$@\" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server";

    private static readonly string? Programs = Find();

    private readonly TemporaryFolder _folder = new();
    private readonly Process _guard;
    private readonly int _port;

    private PostgresServer(IReadOnlyList<string> addresses)
    {
        _port = SiloProcess.FreePort();
        string data = _folder["data"];
        if (Environment.IsPrivilegedProcess)
        {
            Command.Run("chown", Account, _folder.Path);
        }

        string[] make = AsAccount($"{Programs}/initdb", "-D", data, "-U", "embedstore", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        Command.Run(make[0], make[1..]);
        File.AppendAllLines(Path.Combine(data, "pg_hba.conf"), addresses.Select(static address => $"host all all {address}/24 trust"));
        string[] serve = AsAccount(
            "sh", "-c", Guard, "sh", $"{Programs}/postgres", "-D", data, "-k", _folder.Path, "-p", _port.ToString(CultureInfo.InvariantCulture), "-c", "fsync=off", "-c", $"listen_addresses={string.Join(',', addresses)}");
        _guard = Process.Start(new ProcessStartInfo(serve[0], serve[1..]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        _guard.BeginErrorReadLine();
        _guard.BeginOutputReadLine();
    }

    /// <summary>Null where there is one.</summary>
    public static string? WhyNot => Programs is null ? $"THE CLUSTER IS NOT TESTED WITH REAL PROCESSES HERE, for there is no PostgreSQL in {Installed}: install the package postgresql." : null;

    /// <summary>Starts one and returns when it answers.</summary>
    /// <param name="addresses">Of this machine, where it listens.</param>
    public static async Task<PostgresServer> StartAsync(params string[] addresses)
    {
        var server = new PostgresServer(addresses);
        try
        {
            await Wait.UntilAsync("PostgreSQL to answer", server.AnswersAsync);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>How to reach it.</summary>
    public string ConnectionTo(string address) => FormattableString.Invariant($"Host={address};Port={_port};Username=embedstore;Database=postgres;Timeout=3;Command Timeout=3");

    /// <inheritdoc/>
    public void Dispose()
    {
        NpgsqlConnection.ClearAllPools();
        _guard.StandardInput.Close();
        _guard.WaitForExit();
        _guard.Dispose();
        _folder.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionTo("127.0.0.1"));
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string[] AsAccount(params string[] command) =>
        Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={Account}", $"--regid={Account}", "--clear-groups", .. command] : command;

    private static string? Find() => !Directory.Exists(Installed) ? null : Directory.GetDirectories(Installed)
        .Select(static version => Path.Combine(version, "bin")).Where(static programs => File.Exists(Path.Combine(programs, "initdb"))).Max(StringComparer.Ordinal);
}

/// <summary>A test of several servers whose members stand in a <see cref="PostgresServer"/>: skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = PostgresServer.WhyNot;
}
