namespace EmbedStore.Serving;

/// <summary>How a call between servers ended. Values travel.</summary>
public enum PeerOutcome
{
    /// <summary>Done; the answer follows.</summary>
    Done = 0,

    /// <summary>The server does not own the shard; nothing was done. Its owner is to be found again.</summary>
    NotOwner = 1,

    /// <summary>The server owns the shard and reads its log; nothing was done. Worth another try in a moment.</summary>
    Recovering = 2,

    /// <summary>The shard cannot serve; a text says why.</summary>
    Unavailable = 3,

    /// <summary>There is no room on the disk; nothing was done.</summary>
    StorageFull = 4,
}
