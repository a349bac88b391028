using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>A write that passed every check. Its tensors stay valid until it was committed.</summary>
public sealed class PreparedUpdate
{
    internal PreparedUpdate(Table table, UpdateEntries entries, WriterState?[] states, bool isRepeat)
    {
        Table = table;
        Entries = entries;
        States = states;
        IsRepeat = isRepeat;
    }

    /// <summary>Where it goes.</summary>
    public Table Table { get; }

    internal UpdateEntries Entries { get; }

    /// <summary>What the shards know of the writer; empty without one.</summary>
    internal WriterState?[] States { get; }

    /// <summary>The writer's request was applied before.</summary>
    internal bool IsRepeat { get; }
}
