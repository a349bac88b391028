using System.Numerics;

namespace EmbedStore.Serving;

/// <summary>For each of several queries the rows with the lowest keys; of equal keys the lower id.</summary>
/// <remarks>What it keeps does not depend on the order in which rows come. A heap a query, the worst on top. One thread.</remarks>
/// <param name="keys">Shape [queries, count]; content means nothing.</param>
/// <param name="rowIds">Shape [queries, count]; content means nothing.</param>
/// <param name="fills">Shape [queries], zeros.</param>
/// <param name="count">Rows that are kept for a query. At least 1.</param>
internal sealed class TopRows<T>(Memory<T> keys, Memory<long> rowIds, Memory<int> fills, int count)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Queries.</summary>
    public int QueryCount => fills.Length;

    /// <summary>Offers rows to a query.</summary>
    /// <param name="query">Number of the query.</param>
    /// <param name="offeredKeys">Shape [n]. NaN is never taken.</param>
    /// <param name="offeredIds">Shape [n].</param>
    public void Offer(int query, ReadOnlySpan<T> offeredKeys, ReadOnlySpan<long> offeredIds)
    {
        Span<T> heapKeys = keys.Span.Slice(query * count, count);
        Span<long> heapIds = rowIds.Span.Slice(query * count, count);
        ref int fill = ref fills.Span[query];
        for (int i = 0; i < offeredKeys.Length; i++)
        {
            T key = offeredKeys[i];
            if (fill == count)
            {
                // The common case by far, so it comes first. A comparison with NaN is false.
                if (key <= heapKeys[0] && IsBefore(key, offeredIds[i], heapKeys[0], heapIds[0]))
                {
                    SiftDown(heapKeys, heapIds, key, offeredIds[i]);
                }
            }
            else if (!T.IsNaN(key))
            {
                SiftUp(heapKeys, heapIds, fill++, key, offeredIds[i]);
            }
        }
    }

    /// <summary>Offers what another one kept.</summary>
    public void Merge(TopRows<T> other)
    {
        for (int query = 0; query < QueryCount; query++)
        {
            Offer(query, other.KeysOf(query), other.IdsOf(query));
        }
    }

    /// <summary>Brings a query's rows into order, the lowest first, and gives them out. The query takes no more offers.</summary>
    /// <param name="query">Number of the query.</param>
    /// <param name="sortedKeys">Shape [m], m at most the count.</param>
    /// <param name="sortedIds">Shape [m].</param>
    public void Finish(int query, out ReadOnlySpan<T> sortedKeys, out ReadOnlySpan<long> sortedIds)
    {
        Span<T> heapKeys = KeysOf(query);
        Span<long> heapIds = IdsOf(query);
        for (int last = heapKeys.Length - 1; last > 0; last--)
        {
            (T worstKey, long worstId) = (heapKeys[0], heapIds[0]);
            SiftDown(heapKeys[..last], heapIds[..last], heapKeys[last], heapIds[last]);
            (heapKeys[last], heapIds[last]) = (worstKey, worstId);
        }

        sortedKeys = heapKeys;
        sortedIds = heapIds;
    }

    private static bool IsBefore(T key, long id, T otherKey, long otherId) => key < otherKey || (key == otherKey && id < otherId);

    private Span<T> KeysOf(int query) => keys.Span.Slice(query * count, fills.Span[query]);

    private Span<long> IdsOf(int query) => rowIds.Span.Slice(query * count, fills.Span[query]);

    private static void SiftUp(Span<T> heapKeys, Span<long> heapIds, int at, T key, long id)
    {
        while (at > 0 && IsBefore(heapKeys[(at - 1) / 2], heapIds[(at - 1) / 2], key, id))
        {
            (heapKeys[at], heapIds[at]) = (heapKeys[(at - 1) / 2], heapIds[(at - 1) / 2]);
            at = (at - 1) / 2;
        }

        (heapKeys[at], heapIds[at]) = (key, id);
    }

    /// <summary>Puts a row in place of the worst.</summary>
    private static void SiftDown(Span<T> heapKeys, Span<long> heapIds, T key, long id)
    {
        int at = 0;
        while ((2 * at) + 1 < heapKeys.Length)
        {
            int child = (2 * at) + 1;
            if (child + 1 < heapKeys.Length && IsBefore(heapKeys[child], heapIds[child], heapKeys[child + 1], heapIds[child + 1]))
            {
                child++;
            }

            if (!IsBefore(key, id, heapKeys[child], heapIds[child]))
            {
                break;
            }

            (heapKeys[at], heapIds[at]) = (heapKeys[child], heapIds[child]);
            at = child;
        }

        (heapKeys[at], heapIds[at]) = (key, id);
    }
}
