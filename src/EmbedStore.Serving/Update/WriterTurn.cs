namespace EmbedStore.Serving;

/// <summary>A writer's turn in the tables of one request: its requests are judged and written one after the other.</summary>
/// <remarks>Without it two requests of one sequence could both be let in, and one of them be applied by some shards and refused by others.</remarks>
public sealed class WriterTurn : IDisposable
{
    private readonly List<SemaphoreSlim> _held = [];

    private WriterTurn()
    {
    }

    /// <summary>Waits for the turn. At once for a request without a writer.</summary>
    /// <param name="writer">Whose request it is, or null.</param>
    /// <param name="tables">Every table that it writes to.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async ValueTask<WriterTurn> TakeAsync(WriterClaim? writer, IEnumerable<Table> tables, CancellationToken cancellation)
    {
        var turn = new WriterTurn();
        if (writer is not { } claim)
        {
            return turn;
        }

        try
        {
            // Always in the same order, so that two requests never wait for each other.
            foreach (Table table in tables.DistinctBy(static table => table.Id).OrderBy(static table => table.Id))
            {
                SemaphoreSlim gate = table.WriterGate(claim.Name);
                await gate.WaitAsync(cancellation);
                turn._held.Add(gate);
            }

            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _held.ForEach(static gate => gate.Release());
        _held.Clear();
    }
}
