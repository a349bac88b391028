using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>Rows in one array in this process, each multiplied with each query: a plain loop on a thread for each core.</summary>
internal sealed class DenseSearchPeer
{
    private readonly float[] _rows;
    private readonly int _width;

    /// <summary>Fills it.</summary>
    /// <param name="rows">Of F32.</param>
    public DenseSearchPeer(RowSet rows)
    {
        _width = rows.Width;
        _rows = new float[checked((int)(rows.RowCount * rows.Width))];
        rows.Fill(0, MemoryMarshal.AsBytes(_rows.AsSpan()));
    }

    public static string Name => "plain dense loop";

    /// <summary>The rows of the largest products with each query, the larger first, of equal ones the lower id.</summary>
    /// <param name="queries">Shape [Q, width].</param>
    /// <param name="count">Rows for each query.</param>
    /// <returns>Shape [Q, <paramref name="count"/>].</returns>
    public (long Id, float Score)[] Search(float[] queries, int count)
    {
        int rowCount = _rows.Length / _width;
        int threadCount = Environment.ProcessorCount;
        var found = new (long Id, float Score)[threadCount][];
        Parallel.For(0, threadCount, thread =>
            found[thread] = Search(queries, count, (int)((long)rowCount * thread / threadCount), (int)((long)rowCount * (thread + 1) / threadCount)));
        int queryCount = queries.Length / _width;
        return [.. Enumerable.Range(0, queryCount).SelectMany(query => found
            .SelectMany(part => part.AsSpan(query * count, count).ToArray())
            .OrderByDescending(static row => row.Score)
            .ThenBy(static row => row.Id)
            .Take(count))];
    }

    private (long Id, float Score)[] Search(float[] queries, int count, int first, int end)
    {
        int queryCount = queries.Length / _width;
        var top = new (long Id, float Score)[queryCount * count];
        Array.Fill(top, (-1, float.NegativeInfinity));
        for (int row = first; row < end; row++)
        {
            ReadOnlySpan<float> elements = _rows.AsSpan(row * _width, _width);
            for (int query = 0; query < queryCount; query++)
            {
                float score = TensorPrimitives.Dot(elements, queries.AsSpan(query * _width, _width));
                Span<(long Id, float Score)> best = top.AsSpan(query * count, count);
                if (score > best[^1].Score)
                {
                    Insert(best, row, score);
                }
            }
        }

        return top;
    }

    /// <summary>Rows come with rising ids, so an equal one goes behind.</summary>
    private static void Insert(Span<(long Id, float Score)> best, long id, float score)
    {
        int place = best.Length - 1;
        for (; place > 0 && best[place - 1].Score < score; place--)
        {
            best[place] = best[place - 1];
        }

        best[place] = (id, score);
    }
}
