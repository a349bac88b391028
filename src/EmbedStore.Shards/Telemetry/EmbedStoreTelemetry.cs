namespace EmbedStore.Shards;

/// <summary>Every name that the product gives to meters, instruments, activity sources, spans and log events: listed once, here.</summary>
public static class EmbedStoreTelemetry
{
    /// <summary>The meter of the product.</summary>
    public const string MeterName = "EmbedStore";

    /// <summary>The activity source of the product.</summary>
    public const string ActivitySourceName = "EmbedStore";

    /// <summary>Instruments. Units follow OpenTelemetry: seconds, bytes, <c>{things}</c>.</summary>
    public static class Instruments
    {
        /// <summary>Histogram, s: from the first byte of a group of writes to the log until they are acknowledged.</summary>
        public const string CommitDuration = "embedstore.commit.duration";

        /// <summary>Histogram, {writes}: writes that shared one commit.</summary>
        public const string CommitSize = "embedstore.commit.size";

        /// <summary>Counter, By: bytes appended to logs.</summary>
        public const string LogWritten = "embedstore.log.written";

        /// <summary>Counter, {rows}: rows that a read had to bring from scratch.</summary>
        public const string ColdReads = "embedstore.rows.cold_reads";
    }

    /// <summary>Spans.</summary>
    public static class Spans
    {
        /// <summary>Opening a shard: locks, recovers.</summary>
        public const string ShardOpen = "shard.open";

        /// <summary>Resolving a subscript against a table.</summary>
        public const string Plan = "plan";

        /// <summary>Reading what the row cache has.</summary>
        public const string Cache = "cache";

        /// <summary>Splitting a read by shard and reading the shards.</summary>
        public const string Route = "route";

        /// <summary>Turning stored rows into elements of an answer.</summary>
        public const string Gather = "gather";

        /// <summary>Splitting an update by shard and waiting for every shard's commit.</summary>
        public const string Write = "write";

        /// <summary>Making room in a table that has more rows than its capacity.</summary>
        public const string Evict = "evict";
    }

    /// <summary>Ids of log events. Each project has its own hundred; Shards has 100 to 199.</summary>
    public static class Events
    {
        /// <summary>A shard was opened.</summary>
        public const int ShardOpened = 100;

        /// <summary>A log ended in something unfinished, which was cut off.</summary>
        public const int LogTailCut = 101;

        /// <summary>A write or a flush failed: the shard takes no more writes.</summary>
        public const int ShardPoisoned = 102;

        /// <summary>A shard has no room for writes.</summary>
        public const int StorageFull = 103;

        /// <summary>A snapshot was written and read again.</summary>
        public const int SnapshotTaken = 104;

        /// <summary>A snapshot is not what was written; an older one and the log stand in for it.</summary>
        public const int SnapshotDamaged = 105;

        /// <summary>Another owner took a shard over.</summary>
        public const int ShardFenced = 106;

        /// <summary>A request ended in a fault of the server. Http has 300 to 399.</summary>
        public const int RequestFailed = 300;

        /// <summary>A shard could not be opened at start.</summary>
        public const int ShardHeldBack = 301;

        /// <summary>A snapshot that was due could not be taken.</summary>
        public const int SnapshotFailed = 302;

        /// <summary>A client's answers go over its connection, because the folder of shared memory has no room.</summary>
        public const int NoSharedMemory = 303;

        /// <summary>The catalog that servers share was changed and could not be read again.</summary>
        public const int CatalogNotRead = 304;

        /// <summary>Keys of clients travel beyond loopback without TLS of this server.</summary>
        public const int PlainKeys = 305;

        /// <summary>A member could not open a shard for practice.</summary>
        public const int NotRehearsed = 306;

        /// <summary>A shard went to another server. Cluster has 400 to 499.</summary>
        public const int ShardMoved = 400;

        /// <summary>The snapshot before a move failed.</summary>
        public const int HandOverUnprepared = 401;

        /// <summary>A shard was let go of, and nobody took it at once.</summary>
        public const int ShardUnmoved = 402;

        /// <summary>A round of the keeper of shards failed.</summary>
        public const int KeeperFailed = 403;

        /// <summary>A server stops before it handed over all its shards.</summary>
        public const int LeaveUnfinished = 404;

        /// <summary>A server could not be told that another one leaves.</summary>
        public const int LeaveUntold = 405;

        /// <summary>The others declared this server dead.</summary>
        public const int MemberLost = 406;

        /// <summary>A server became a member.</summary>
        public const int MemberCame = 407;

        /// <summary>A server ended, or was declared dead.</summary>
        public const int MemberGone = 408;

        /// <summary>A server that leaves could not hand a shard over.</summary>
        public const int LeaveFailed = 409;

        /// <summary>The server that knows the members does not listen.</summary>
        public const int PrimaryAwaited = 410;

        /// <summary>A member was in the list and not there.</summary>
        public const int LeftoverCleared = 411;

        /// <summary>Another server took shards over, and the list of members could not be read.</summary>
        public const int MembersUnread = 412;

        /// <summary>A server joins while others may, and may have to wait for them.</summary>
        public const int JoinedWithoutTurn = 413;
    }
}
