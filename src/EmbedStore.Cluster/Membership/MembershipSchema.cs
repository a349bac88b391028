using Npgsql;

namespace EmbedStore.Cluster;

/// <summary>The tables of a PostgreSQL database in which members find each other, and the step that brings a database there.</summary>
public static class MembershipSchema
{
    /// <summary>Name of the driver, as Orleans knows it.</summary>
    internal const string Invariant = "Npgsql";

    /// <summary>Any number that nobody else locks in this database: the first letters of the product.</summary>
    private const long LockNumber = 0x656d6265645f6462;

    /// <summary>Creates what is missing and replaces what is older. Without effect, and without the right to create, on a database that is up to date.</summary>
    /// <remarks>Servers may do it at the same time: one does the work, the others wait for it.</remarks>
    /// <returns>Whether something was changed.</returns>
    /// <exception cref="NpgsqlException">The database cannot be reached, or refuses.</exception>
    public static async Task<bool> MigrateAsync(string connectionString, CancellationToken cancellation = default)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellation);
        if (await IsCurrentAsync(connection, cancellation))
        {
            return false;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, "SELECT pg_advisory_xact_lock($1)", cancellation, LockNumber);
        if (await IsCurrentAsync(connection, cancellation))
        {
            return false;
        }

        await ExecuteAsync(connection, MembershipTables.Create, cancellation);
        foreach ((string name, string text) in MembershipQueries.All)
        {
            await ExecuteAsync(connection, "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($1, $2) ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText", cancellation, name, text);
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>Times are written without their zone, so the session must have the one that is meant.</summary>
    internal static string InUtc(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString) { Timezone = "UTC" }.ConnectionString;

    /// <summary>The texts of all queries stand for the tables that they were written with.</summary>
    private static async Task<bool> IsCurrentAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // A look into the catalog's rows: a name that was looked up in vain before the wait for the lock may stay unknown after it.
        await using (NpgsqlCommand exists = Command(connection, "SELECT EXISTS (SELECT FROM pg_tables WHERE tablename = 'orleansquery' AND schemaname = ANY (current_schemas(false)))"))
        {
            if (!(bool)(await exists.ExecuteScalarAsync(cancellation))!)
            {
                return false;
            }
        }

        var stored = new Dictionary<string, string>();
        await using NpgsqlCommand read = Command(connection, "SELECT QueryKey, QueryText FROM OrleansQuery");
        await using NpgsqlDataReader reader = await read.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            stored[reader.GetString(0)] = reader.GetString(1);
        }

        return MembershipQueries.All.All(query => stored.GetValueOrDefault(query.Name) == query.Text);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string text, CancellationToken cancellation, params object[] values)
    {
        await using NpgsqlCommand command = Command(connection, text, values);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string text, params object[] values)
    {
        // No text here is made of anything but constants of this project.
#pragma warning disable CA2100
        var command = new NpgsqlCommand(text, connection);
#pragma warning restore CA2100
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
