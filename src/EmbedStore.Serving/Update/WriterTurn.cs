using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A writer's turn in the tables of one request: its requests are judged and written one after the other.</summary>
/// <remarks>Without it two requests of one sequence could both be let in, and one of them be applied by some shards and refused by others.</remarks>
public sealed class WriterTurn : IDisposable
{
    private readonly List<SemaphoreSlim> _held = [];
    private readonly Dictionary<Table, WriterState?[]> _states = [];
    private EmbedStoreException? _unknown;

    private WriterTurn()
    {
    }

    /// <summary>What each shard of a table, by number, knew of the writer when the turn began. Until it ends nobody changes that.</summary>
    /// <exception cref="EmbedStoreException">Starting or ShardUnavailable: a shard that may know more does not serve. Told only here, for a mistake in the request is told first.</exception>
    internal WriterState?[] StatesOf(Table table) => _unknown is null ? _states[table] : throw _unknown;

    /// <summary>Waits for the turn. At once for a request without a writer.</summary>
    /// <param name="writer">Whose request it is, or null.</param>
    /// <param name="tables">Every table that it writes to.</param>
    /// <param name="router">Knows where the writer stands.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal static async ValueTask<WriterTurn> TakeAsync(WriterClaim? writer, IEnumerable<Table> tables, IShardRouter router, CancellationToken cancellation)
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
                turn._states[table] = await router.WriterStatesAsync(table, claim.Name, cancellation);
            }
        }
        catch (EmbedStoreException unknown)
        {
            turn._unknown = unknown;
        }
        catch
        {
            turn.Dispose();
            throw;
        }

        return turn;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _held.ForEach(static gate => gate.Release());
        _held.Clear();
    }
}
