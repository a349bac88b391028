namespace EmbedStore.Serving;

/// <summary>A write that passed every check. Its tensors stay valid until it was committed.</summary>
public sealed class PreparedUpdate
{
    internal PreparedUpdate(Table table, UpdateEntries entries, bool isRepeat)
    {
        Table = table;
        Entries = entries;
        IsRepeat = isRepeat;
    }

    /// <summary>Where it goes.</summary>
    public Table Table { get; }

    internal UpdateEntries Entries { get; }

    /// <summary>The writer's request was applied before.</summary>
    internal bool IsRepeat { get; }
}
