namespace EmbedStore.Cluster;

/// <summary>The tables. Their names and those of their columns are what the library asks for; the rest is ours.</summary>
internal static class MembershipTables
{
    /// <summary>Creates those that are missing.</summary>
    public const string Create = """
        CREATE TABLE IF NOT EXISTS OrleansQuery
        (
            QueryKey text PRIMARY KEY,
            QueryText text NOT NULL
        );

        CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable
        (
            DeploymentId text PRIMARY KEY,
            Timestamp timestamptz NOT NULL DEFAULT now(),
            Version integer NOT NULL DEFAULT 0
        );

        CREATE TABLE IF NOT EXISTS OrleansMembershipTable
        (
            DeploymentId text NOT NULL REFERENCES OrleansMembershipVersionTable (DeploymentId),
            Address text NOT NULL,
            Port integer NOT NULL,
            Generation integer NOT NULL,
            SiloName text NOT NULL,
            HostName text NOT NULL,
            Status integer NOT NULL,
            ProxyPort integer,
            SuspectTimes text,
            StartTime timestamptz NOT NULL,
            IAmAliveTime timestamptz NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation)
        );
        """;
}
