namespace EmbedStore.Shards;

/// <summary>A later version wrote this file. It was left as it is.</summary>
internal sealed class NewerFormatException(string file, string reason) : ShardDamagedException(file, 0, reason);
