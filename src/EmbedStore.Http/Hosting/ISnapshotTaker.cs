using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>Takes the snapshots that are due.</summary>
internal interface ISnapshotTaker
{
    /// <summary>Whether this server looks after a table's snapshots.</summary>
    bool LooksAfter(Table table);

    /// <summary>Takes a snapshot now.</summary>
    Task TakeAsync(Table table, CancellationToken cancellation);
}

/// <summary>Of a server that is alone.</summary>
internal sealed class SnapshotTaker(TableSnapshots snapshots) : ISnapshotTaker
{
    public bool LooksAfter(Table table) => true;

    public Task TakeAsync(Table table, CancellationToken cancellation) => snapshots.TakeAsync(table, cancellation);
}
