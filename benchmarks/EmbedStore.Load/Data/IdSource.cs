using System.Runtime.InteropServices;

namespace EmbedStore.Load;

/// <summary>Draws ids. The same arguments give the same ids on every machine.</summary>
/// <param name="name">As the table of results calls the distribution.</param>
/// <param name="rowCount">Ids are [0, <paramref name="rowCount"/>).</param>
internal abstract class IdSource(string name, long rowCount)
{
    /// <summary>Skew of recorded traces of recommenders.</summary>
    private const double ZipfExponent = 1.05;

    /// <summary>As the table of results calls the distribution.</summary>
    public string Name => name;

    protected long RowCount => rowCount;

    /// <summary>Both distributions that workloads use.</summary>
    public static IdSource[] Both(long rowCount) => [Uniform(rowCount), new ZipfIds(rowCount, ZipfExponent)];

    /// <summary>Every id is as likely as any other.</summary>
    public static IdSource Uniform(long rowCount) => new UniformIds(rowCount);

    /// <summary>Batches of one shape.</summary>
    /// <param name="seed">Fixed by the workload.</param>
    public IdBatch[] Batches(int count, int bagCount, int bagLength, int seed)
    {
        var random = new Random(seed);
        var batches = new IdBatch[count];
        for (int number = 0; number < count; number++)
        {
            byte[] bytes = new byte[bagCount * bagLength * sizeof(long)];
            foreach (ref long id in MemoryMarshal.Cast<byte, long>(bytes.AsSpan()))
            {
                id = Draw(random);
            }

            batches[number] = new IdBatch(number, bagCount, bagLength, bytes);
        }

        return batches;
    }

    protected abstract long Draw(Random random);

    private sealed class UniformIds(long rowCount) : IdSource("uniform", rowCount)
    {
        protected override long Draw(Random random) => random.NextInt64(RowCount);
    }
}
