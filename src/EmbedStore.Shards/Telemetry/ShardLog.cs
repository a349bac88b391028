using Microsoft.Extensions.Logging;

namespace EmbedStore.Shards;

internal static partial class ShardLog
{
    [LoggerMessage(EmbedStoreTelemetry.Events.ShardOpened, LogLevel.Information, "Opened shard {Folder} as owner {Epoch}: {RowCount} rows, version {Version}")]
    public static partial void ShardOpened(ILogger logger, string folder, long epoch, long rowCount, long version);

    [LoggerMessage(EmbedStoreTelemetry.Events.LogTailCut, LogLevel.Warning, "Shard {Folder}: cut {ByteCount} unfinished bytes off the log behind version {Version}")]
    public static partial void LogTailCut(ILogger logger, string folder, long byteCount, long version);

    [LoggerMessage(EmbedStoreTelemetry.Events.ShardPoisoned, LogLevel.Error, "Shard {Folder} takes no more writes until it is opened again")]
    public static partial void ShardPoisoned(ILogger logger, string folder, Exception error);

    [LoggerMessage(EmbedStoreTelemetry.Events.ShardFenced, LogLevel.Warning, "Shard {Folder} is not owner {Epoch}'s any more")]
    public static partial void ShardFenced(ILogger logger, string folder, long epoch, Exception error);

    [LoggerMessage(EmbedStoreTelemetry.Events.SnapshotDamaged, LogLevel.Error, "Shard {Folder}: snapshot {Snapshot} is damaged; an older one and the log are read instead")]
    public static partial void SnapshotDamaged(ILogger logger, string folder, long snapshot, Exception error);

    [LoggerMessage(EmbedStoreTelemetry.Events.SnapshotTaken, LogLevel.Information, "Shard {Folder}: snapshot {Snapshot} holds version {Version}: {ByteCount} bytes in {Seconds:0.0} s")]
    public static partial void SnapshotTaken(ILogger logger, string folder, long snapshot, long version, long byteCount, double seconds);

    [LoggerMessage(EmbedStoreTelemetry.Events.StorageFull, LogLevel.Warning, "Shard {Folder} has no room for writes")]
    public static partial void StorageFull(ILogger logger, string folder, Exception error);
}
