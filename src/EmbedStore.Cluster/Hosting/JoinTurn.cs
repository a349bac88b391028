using System.Globalization;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace EmbedStore.Cluster;

/// <summary>Servers that start together join one after the other: of two that write the list of members at once the library lets one wait for 2 to 4 s, and longer if that happens again.</summary>
/// <remarks>A help, no lock that anything depends on: who does not get it in time joins without.</remarks>
internal sealed partial class JoinTurn(ClusterSettings settings, TimeProvider time, ILogger<JoinTurn> logger) : IAsyncDisposable
{
    /// <summary>A join takes some tenths of a second.</summary>
    private static readonly TimeSpan WaitTimeMax = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>First half of the number of the lock in the database; the second is made of the cluster's name.</summary>
    private const int LockNumber = 0x656D626A;

    private IAsyncDisposable? _held;

    /// <summary>Whether it is this server's.</summary>
    public bool IsHeld => _held is not null;

    /// <summary>Waits for the turn.</summary>
    public async Task TakeAsync(CancellationToken cancellation)
    {
        long began = time.GetTimestamp();
        try
        {
            while ((_held = await TryTakeAsync(cancellation)) is null && time.GetElapsedTime(began) < WaitTimeMax)
            {
                await Task.Delay(LookEvery, time, cancellation);
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or UnauthorizedAccessException)
        {
            LogWithout(failure);
        }
    }

    /// <summary>Ends it: the server is a member. Without effect for one that did not get it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _held, null) is { } held)
        {
            await held.DisposeAsync();
        }
    }

    private async Task<IAsyncDisposable?> TryTakeAsync(CancellationToken cancellation) =>
        settings.PostgresConnection is { } connection ? await TryTakeInDatabaseAsync(connection, cancellation) : TryTakeOnMachine();

    /// <summary>The connection is the turn: the database ends it when this process ends.</summary>
    private async Task<NpgsqlConnection?> TryTakeInDatabaseAsync(string database, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            await using NpgsqlCommand command = connection.CreateCommand();
            command.CommandText = "SELECT pg_try_advisory_lock($1, hashtext($2))";
            command.Parameters.Add(new NpgsqlParameter { Value = LockNumber });
            command.Parameters.Add(new NpgsqlParameter { Value = settings.ClusterName });
            if (await command.ExecuteScalarAsync(cancellation) is true)
            {
                return connection;
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Servers without a database are on one machine; the primary's port is theirs.</summary>
    private FileStream? TryTakeOnMachine()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"embedstore-join-{(settings.Primary ?? settings.MemberEndpoint).Port}");
        try
        {
            return new FileStream(Path.Combine(Path.GetTempPath(), name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.JoinedWithoutTurn, LogLevel.Debug, "Joins without a turn: others that start now may hold it up")]
    private partial void LogWithout(Exception failure);
}
