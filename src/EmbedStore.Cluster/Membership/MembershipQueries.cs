namespace EmbedStore.Cluster;

/// <summary>The queries that the library reads from the database and runs: their names, their parameters and the columns of their answers are its own, the texts are ours.</summary>
/// <remarks>A change of a member and the next version of the list are one statement each, so they happen together or not at all; two changes of one version exclude each other by the version's row.</remarks>
internal static class MembershipQueries
{
    private const string Columns = "v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime, m.IAmAliveTime, v.Version";

    private const string IsMember = "m.DeploymentId = @DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation";

    private const string NextVersion = "UPDATE OrleansMembershipVersionTable SET Timestamp = now(), Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<(string Name, string Text)> All { get; } =
    [
        ("InsertMembershipVersionKey", """
            WITH added AS (INSERT INTO OrleansMembershipVersionTable (DeploymentId) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*)::integer FROM added
            """),
        ("InsertMembershipKey", $"""
            WITH next AS ({NextVersion} AND NOT EXISTS (SELECT 1 FROM OrleansMembershipTable m WHERE {IsMember}) RETURNING DeploymentId),
            added AS (
                INSERT INTO OrleansMembershipTable (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
                SELECT DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM next
                RETURNING 1)
            SELECT count(*)::integer FROM added
            """),
        ("UpdateMembershipKey", $"""
            WITH next AS ({NextVersion} AND EXISTS (SELECT 1 FROM OrleansMembershipTable m WHERE {IsMember}) RETURNING DeploymentId),
            changed AS (
                UPDATE OrleansMembershipTable m SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
                FROM next WHERE {IsMember} AND m.DeploymentId = next.DeploymentId
                RETURNING 1)
            SELECT count(*)::integer FROM changed
            """),
        ("UpdateIAmAlivetimeKey", $"UPDATE OrleansMembershipTable m SET IAmAliveTime = @IAmAliveTime WHERE {IsMember}"),
        ("MembershipReadRowKey", $"SELECT {Columns} FROM OrleansMembershipVersionTable v LEFT JOIN OrleansMembershipTable m ON {IsMember} WHERE v.DeploymentId = @DeploymentId"),
        ("MembershipReadAllKey", $"SELECT {Columns} FROM OrleansMembershipVersionTable v LEFT JOIN OrleansMembershipTable m ON m.DeploymentId = v.DeploymentId WHERE v.DeploymentId = @DeploymentId"),
        ("GatewaysQueryKey", "SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0"),
        ("DeleteMembershipTableEntriesKey", """
            WITH gone AS (DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId)
            DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId
            """),
        ("CleanupDefunctSiloEntriesKey", $"DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> {(int)SiloStatus.Active}"),
    ];
}
