using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What the features of a lookup answer, in their order. Dispose it when the answer is out.</summary>
/// <remarks>Not thread-safe. Holds the tables only as long as its caller's leases do.</remarks>
public sealed class FeatureAnswers : IDisposable
{
    private readonly RequestMemory _memory;

    internal FeatureAnswers(IReadOnlyList<FeatureAnswer> features, long version, RequestMemory memory) => (Features, Version, _memory) = (features, version, memory);

    /// <summary>One for each feature.</summary>
    public IReadOnlyList<FeatureAnswer> Features { get; }

    /// <summary>The rows of every table are at least as new as this version of it: the lowest of the tables' versions.</summary>
    public long Version { get; }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}

/// <summary>One feature's rows: to be read run by run, or in memory already. Exactly one is there.</summary>
/// <param name="Rows">A sequence that nothing can refuse any more but a shard.</param>
/// <param name="Tensor">Pooled rows, and sequences that a missing row would have refused.</param>
public readonly record struct FeatureAnswer(Lookup? Rows, Tensor? Tensor);
