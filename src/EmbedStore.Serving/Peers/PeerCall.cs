namespace EmbedStore.Serving;

/// <summary>What servers ask of each other. Names stand in addresses; they never change.</summary>
public enum PeerCall
{
    /// <summary>Rows of a shard.</summary>
    Read,

    /// <summary>A write to a shard.</summary>
    Write,

    /// <summary>What a shard knows of a writer.</summary>
    Writer,

    /// <summary>The next step of a table's optimizer; asked of the owner of its first shard.</summary>
    Step,

    /// <summary>Highest step that a shard has.</summary>
    StepTaken,

    /// <summary>Ids of a shard's live rows.</summary>
    RowIds,

    /// <summary>Keys of a shard's live rows.</summary>
    Keys,

    /// <summary>State and sizes of a shard.</summary>
    Report,

    /// <summary>The catalog has changed: it is read again before this is answered. Names no shard.</summary>
    Refresh,

    /// <summary>Begins a shard's snapshot.</summary>
    SnapshotBegin,

    /// <summary>Ends a shard's snapshot between two requests.</summary>
    SnapshotEnd,

    /// <summary>Writes a shard's snapshot down.</summary>
    SnapshotSave,

    /// <summary>Keeps a shard's snapshot, and one older.</summary>
    SnapshotKeep,

    /// <summary>Lets go of a shard's snapshot, kept or not.</summary>
    SnapshotDispose,

    /// <summary>Holds up the commits of a table that come through a server.</summary>
    GateClose,

    /// <summary>Lets them go on.</summary>
    GateOpen,
}
