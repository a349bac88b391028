using System.Net;
using System.Net.Sockets;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace EmbedStore.Cluster;

/// <summary>Clears away members that ended without anybody left to notice it.</summary>
/// <remarks>
/// A server that joins must reach every member, so members that all crashed together, and come back under other addresses, would wait for each other's former selves for ever.
/// A member is cleared away when nobody listens at its address and it has not signed the list for some time, or bears the name of the server that starts now: names are unique, so that is a former self.
/// </remarks>
internal sealed partial class LeftoverMembers(ClusterSettings settings, ILogger<LeftoverMembers> logger)
{
    /// <summary>Of a member that is there, three signatures would have come.</summary>
    private static readonly TimeSpan UnsignedTime = 3 * FailureDetection.TableSign;

    /// <summary>A member that takes no connection within this does not listen.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>After this the server tries to join as things are.</summary>
    private static readonly TimeSpan WaitTimeMax = TimeSpan.FromSeconds(30);

    private const string Members = """
        SELECT Address, Port, Generation, SiloName, now() - IAmAliveTime > $2 FROM OrleansMembershipTable
        WHERE DeploymentId = $1 AND Status <> $3
        """;

    private const string Clear = """
        WITH next AS (UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1 WHERE DeploymentId = $1)
        UPDATE OrleansMembershipTable SET Status = $5 WHERE DeploymentId = $1 AND Address = $2 AND Port = $3 AND Generation = $4
        """;

    /// <summary>Returns when every member in the list listens. At once where no database has the list.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (settings.PostgresConnection is not { } connection)
        {
            return;
        }

        await using NpgsqlDataSource database = NpgsqlDataSource.Create(connection);
        long began = Environment.TickCount64;
        while (!await SweepAsync(database, cancellation) && Environment.TickCount64 - began < WaitTimeMax.TotalMilliseconds)
        {
            await Task.Delay(LookEvery, cancellation);
        }
    }

    /// <returns>Whether all that are left listen.</returns>
    private async Task<bool> SweepAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        Member[] members = await ReadAsync(database, cancellation);
        bool[] listens = await Task.WhenAll(members.Select(member => ListensAsync(member.Endpoint, cancellation)));
        bool all = true;
        foreach (Member member in members.Where((_, number) => !listens[number]))
        {
            if (member.IsUnsigned || MemberName.Parse(member.Name)?.Server == settings.ServerName)
            {
                await ClearAsync(database, member, cancellation);
            }
            else
            {
                all = false;
            }
        }

        return all;
    }

    /// <summary>Without those at this server's own address: the library clears those away itself.</summary>
    private async Task<Member[]> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = database.CreateCommand(Members);
        command.Parameters.Add(new NpgsqlParameter { Value = settings.ClusterName });
        command.Parameters.Add(new NpgsqlParameter { Value = UnsignedTime });
        command.Parameters.Add(new NpgsqlParameter { Value = (int)SiloStatus.Dead });
        var members = new List<Member>();
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            members.Add(new Member(new IPEndPoint(IPAddress.Parse(reader.GetString(0)), reader.GetInt32(1)), reader.GetInt32(2), reader.GetString(3), reader.GetBoolean(4)));
        }

        return [.. members.Where(member => !member.Endpoint.Equals(settings.MemberEndpoint))];
    }

    private async Task ClearAsync(NpgsqlDataSource database, Member member, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = database.CreateCommand(Clear);
        command.Parameters.Add(new NpgsqlParameter { Value = settings.ClusterName });
        command.Parameters.Add(new NpgsqlParameter { Value = member.Endpoint.Address.ToString() });
        command.Parameters.Add(new NpgsqlParameter { Value = member.Endpoint.Port });
        command.Parameters.Add(new NpgsqlParameter { Value = member.Generation });
        command.Parameters.Add(new NpgsqlParameter { Value = (int)SiloStatus.Dead });
        await command.ExecuteNonQueryAsync(cancellation);
        LogCleared(member.Name, member.Endpoint);
    }

    private static async Task<bool> ListensAsync(IPEndPoint endpoint, CancellationToken cancellation)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(ConnectTimeout);
        using var client = new TcpClient(endpoint.AddressFamily);
        try
        {
            await client.ConnectAsync(endpoint, soon.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private readonly record struct Member(IPEndPoint Endpoint, int Generation, string Name, bool IsUnsigned);

    [LoggerMessage(EmbedStoreTelemetry.Events.LeftoverCleared, LogLevel.Warning, "{Member} at {Endpoint} stood in the list of members and is not there; it was cleared away")]
    private partial void LogCleared(string member, IPEndPoint endpoint);
}
