using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Rows in memory whose shards may be owned elsewhere for a while, where nobody tells of their changes.</summary>
public interface IMovingRows : IRowMirror
{
    /// <summary>Lets go of rows, and of those that are on their way here. Called when their shard was opened, before it serves.</summary>
    /// <param name="isMeant">Of a row id. Fast: it is asked about every row that is here.</param>
    void Forget(Predicate<long> isMeant);
}
