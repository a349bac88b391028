using System.Threading.Channels;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Rows that were asked for ahead, brought into the row cache one request after the other while others are served.</summary>
/// <remarks>Advice, not a promise: what a shard refuses is left out, and so is what is still waiting when the server stops. Thread-safe.</remarks>
public sealed class RowPrefetcher(IShardRouter router, ServingLimits limits)
{
    /// <summary>Requests that may wait. Unit: requests.</summary>
    public const int WaitingCountMax = 256;

    /// <summary>Longest time that rows are held. Range of a request: [0, this].</summary>
    public static readonly TimeSpan HoldMax = TimeSpan.FromMinutes(10);

    /// <summary>Stored rows that are read at a time. Unit: bytes.</summary>
    private const int RunByteCount = 256 * 1024;

    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(WaitingCountMax) { SingleReader = true });
    private long _waitingIdCount;

    /// <summary>Takes a request, or refuses it at once.</summary>
    /// <param name="lease">The queue's own from now on, unless it refuses.</param>
    /// <param name="rowIds">Shape [n], valid in the table. Not changed any more.</param>
    /// <param name="hold">At least so long the rows stay. In [0, <see cref="HoldMax"/>].</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Overloaded"/>: too many requests wait, or too many ids.</exception>
    public void Add(TableLease lease, ReadOnlyMemory<long> rowIds, TimeSpan hold)
    {
        if (Interlocked.Add(ref _waitingIdCount, rowIds.Length) > limits.IdCountMax)
        {
            Interlocked.Add(ref _waitingIdCount, -rowIds.Length);
            throw new EmbedStoreException(
                ErrorCode.Overloaded, FormattableString.Invariant($"More than {limits.IdCountMax} ids wait to be prefetched, and that is the limit."), new Fact("limit", limits.IdCountMax));
        }

        if (!_waiting.Writer.TryWrite(new Waiting(lease, rowIds, hold)))
        {
            Interlocked.Add(ref _waitingIdCount, -rowIds.Length);
            throw new EmbedStoreException(ErrorCode.Overloaded, $"{WaitingCountMax} requests wait to be prefetched, and that is the limit.", new Fact("limit", WaitingCountMax));
        }
    }

    /// <summary>Works until it is cancelled; then it takes no more, and lets go of what waits. Once.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (Waiting request in _waiting.Reader.ReadAllAsync(cancellation))
            {
                await ServeAsync(request, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The server stops.
        }
        finally
        {
            _waiting.Writer.TryComplete();
            while (_waiting.Reader.TryRead(out Waiting left))
            {
                left.Lease.Dispose();
            }
        }
    }

    private async Task ServeAsync(Waiting request, CancellationToken cancellation)
    {
        using TableLease lease = request.Lease;
        try
        {
            await BringAsync(lease.Table, request, cancellation);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or OutOfMemoryException))
        {
            // Whoever reads the rows is told. Of whatever kind: the requests behind this one have theirs.
        }
        finally
        {
            Interlocked.Add(ref _waitingIdCount, -request.RowIds.Length);
        }
    }

    private async Task BringAsync(Table table, Waiting request, CancellationToken cancellation)
    {
        if (table.Cached is not { } cached || !table.ReadsMemory())
        {
            return;
        }

        int run = Math.Max(1, RunByteCount / table.Rows.DataByteCount);
        using var memory = new RequestMemory();
        ReadOnlyMemory<long> rowIds = table.IsShared ? Owned(table, request.RowIds, memory) : request.RowIds;
        var block = new RowBlock(memory.Rent<byte>(run * table.Rows.DataByteCount), memory.Rent<RowStatus>(run), memory.Rent<long>(run));
        for (int first = 0; first < rowIds.Length && !table.Closing.IsCancellationRequested; first += run)
        {
            cancellation.ThrowIfCancellationRequested();
            await BringRunAsync(table, cached, rowIds.Slice(first, Math.Min(run, rowIds.Length - first)), block, request.Hold, cancellation);

            // A thread of the pool is lent for one run at a time.
            await Task.Yield();
        }
    }

    private async ValueTask BringRunAsync(Table table, CachedRows cached, ReadOnlyMemory<long> rowIds, RowBlock block, TimeSpan hold, CancellationToken cancellation)
    {
        using RowMisses misses = cached.Read(rowIds.Span, block);
        if (!misses.Positions.IsEmpty)
        {
            using IndexPlan plan = IndexPlan.Of(rowIds, misses, table.Shards.Count);
            await router.ReadAsync(table, plan, block, cancellation);
        }

        cached.Hold(rowIds.Span, misses, block, hold);
    }

    /// <summary>Rows of other servers could not be kept here: nobody tells of their changes.</summary>
    private static ReadOnlyMemory<long> Owned(Table table, ReadOnlyMemory<long> rowIds, RequestMemory memory)
    {
        var owned = OwnedShards.Of(table, stackalloc ulong[OwnedShards.WordCountOf(table)]);
        Memory<long> ids = memory.Rent<long>(rowIds.Length);
        int count = 0;
        foreach (long rowId in rowIds.Span)
        {
            ids.Span[count] = rowId;
            count += owned.Has(rowId) ? 1 : 0;
        }

        return ids[..count];
    }

    private readonly record struct Waiting(TableLease Lease, ReadOnlyMemory<long> RowIds, TimeSpan Hold);
}
