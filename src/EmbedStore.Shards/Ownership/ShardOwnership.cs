namespace EmbedStore.Shards;

/// <summary>What keeps a shard from having two owners.</summary>
public enum ShardOwnership
{
    /// <summary>A lock on the folder, which ends with the process that holds it: for a folder that one machine has. A second owner is refused (<see cref="ShardLockedException"/>).</summary>
    Lock,

    /// <summary>A claim in the folder with an epoch of its own: for a folder that several servers share. A second owner takes over at once, and the first, alive or not, acknowledges nothing any more.</summary>
    /// <remarks>
    /// All servers must see one state of the folder: a file that one made must be there for the others when the call that made it returns. A cluster file system does that; NFS with
    /// <c>lookupcache=positive</c>. Whoever opens a folder that was claimed once claims it too, with either setting; an owner with a lock on a folder that never was is not fenced, but found out by its lock.
    /// </remarks>
    Epoch,
}
