using System.Numerics;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>The rows that every peer is filled with: row i is a function of i alone, so any answer can be checked without keeping the table.</summary>
/// <param name="RowCount">Ids are [0, <paramref name="RowCount"/>).</param>
/// <param name="Width">Unit: elements. A multiple of 4.</param>
/// <param name="Type">Of the elements: F32 or F16.</param>
/// <remarks>
/// Elements are multiples of 2^-10 in [-2, 2): F16 has them all, and in F32 sums of some thousands of them are exact in any order, so pooled rows too can be
/// compared bit for bit.
/// Immutable.
/// </remarks>
internal sealed record RowSet(long RowCount, int Width, ElementType Type = ElementType.F32)
{
    private const int ElementsPerHash = 4;
    private const int BitsPerElement = 12;
    private const float Unit = 1f / 1024;

    /// <summary>Unit: bytes.</summary>
    public int RowByteCount => Width * Type.ByteCount();

    /// <summary>Unit: bytes.</summary>
    public long PayloadByteCount => RowCount * RowByteCount;

    /// <summary>Writes rows <paramref name="first"/>, first + 1, ...</summary>
    /// <param name="rows">Shape [n, row bytes].</param>
    public void Fill(long first, Span<byte> rows)
    {
        for (int i = 0; i < rows.Length / RowByteCount; i++)
        {
            FillRow(first + i, rows.Slice(i * RowByteCount, RowByteCount));
        }
    }

    /// <summary>Writes the rows of a batch in its order.</summary>
    /// <param name="rows">Shape [n, row bytes].</param>
    public void Fill(ReadOnlySpan<long> ids, Span<byte> rows)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            FillRow(ids[i], rows.Slice(i * RowByteCount, RowByteCount));
        }
    }

    /// <summary>The rows of a batch in its order, shape [ids, row bytes].</summary>
    public byte[] RowsOf(IdBatch batch)
    {
        byte[] rows = new byte[batch.Count * RowByteCount];
        Fill(batch.Ids, rows);
        return rows;
    }

    /// <summary>Calls <paramref name="write"/> with all rows, run by run.</summary>
    public void ForEachRun(int runRowCount, Action<long, ReadOnlyMemory<byte>> write)
    {
        byte[] run = new byte[runRowCount * RowByteCount];
        for (long first = 0; first < RowCount; first += runRowCount)
        {
            Memory<byte> rows = run.AsMemory(0, (int)Math.Min(runRowCount, RowCount - first) * RowByteCount);
            Fill(first, rows.Span);
            write(first, rows);
        }
    }

    private void FillRow(long id, Span<byte> row)
    {
        if (Type == ElementType.F32)
        {
            FillRow(id, MemoryMarshal.Cast<byte, float>(row));
        }
        else
        {
            FillRow(id, MemoryMarshal.Cast<byte, Half>(row));
        }
    }

    private void FillRow<T>(long id, Span<T> row)
        where T : struct, INumberBase<T>
    {
        for (int column = 0; column < row.Length; column += ElementsPerHash)
        {
            ulong bits = Mix(unchecked((ulong)((id * Width) + column)));
            for (int i = 0; i < ElementsPerHash; i++)
            {
                row[column + i] = T.CreateTruncating(((int)(bits & ((1 << BitsPerElement) - 1)) - (1 << (BitsPerElement - 1))) * Unit);
                bits >>= BitsPerElement;
            }
        }
    }

    /// <summary>Output number <paramref name="value"/> of SplitMix64 from seed 0.</summary>
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value + 1) * 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
