using System.Numerics;
using System.Numerics.Tensors;

namespace EmbedStore.Serving;

/// <summary>How near rows are to a query, as keys: the lower the nearer.</summary>
/// <remarks>Deterministic on one machine; rounding follows the width of its vectors.</remarks>
internal static class RowDistances
{
    /// <summary>Fills <c>keys[i]</c> with the key of row i.</summary>
    /// <param name="metric">What is near.</param>
    /// <param name="query">Shape [width]; with <see cref="NearestMetric.Cosine"/> of length 1, or 0.</param>
    /// <param name="rows">Shape [n, width], row-major.</param>
    /// <param name="scales">Shape [n] from <see cref="FillScales"/>; not looked at by the other metrics.</param>
    /// <param name="keys">Shape [n].</param>
    public static void Fill<T>(NearestMetric metric, ReadOnlySpan<T> query, ReadOnlySpan<T> rows, ReadOnlySpan<T> scales, Span<T> keys)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (metric == NearestMetric.L2)
        {
            for (int i = 0; i < keys.Length; i++)
            {
                keys[i] = TensorPrimitives.Distance(query, rows.Slice(i * query.Length, query.Length));
            }

            return;
        }

        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = -TensorPrimitives.Dot(query, rows.Slice(i * query.Length, query.Length));
        }

        if (metric == NearestMetric.Cosine)
        {
            TensorPrimitives.Multiply(keys, scales, keys);
        }
    }

    /// <summary>What makes each row a direction: one over its length, 0 for the zero vector.</summary>
    public static void FillScales<T>(ReadOnlySpan<T> rows, int width, Span<T> scales)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < scales.Length; i++)
        {
            T length = TensorPrimitives.Norm(rows.Slice(i * width, width));
            scales[i] = T.IsZero(length) ? T.Zero : T.One / length;
        }
    }

    /// <summary>The score that a key stands for.</summary>
    public static T ScoreOf<T>(NearestMetric metric, T key)
        where T : unmanaged, IFloatingPointIeee754<T> => metric == NearestMetric.L2 ? key : T.Zero - key;
}
