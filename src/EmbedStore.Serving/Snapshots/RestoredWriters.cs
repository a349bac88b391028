using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What writers did, brought from the shards of a snapshot to those of a restored table.</summary>
/// <remarks>With as many shards as before each keeps its own, so that even a request that some of them miss can be sent again. Otherwise one shard gets to know each writer's whole requests.</remarks>
internal sealed class RestoredWriters(int sourceCount, int targetCount)
{
    private readonly Dictionary<string, WriterState?[]> _states = new(StringComparer.Ordinal);

    public void Add(int shard, IReadOnlyDictionary<string, WriterState> writers)
    {
        foreach ((string name, WriterState state) in writers)
        {
            if (!_states.TryGetValue(name, out WriterState?[]? states))
            {
                _states[name] = states = new WriterState?[sourceCount];
            }

            states[shard] = state;
        }
    }

    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/>: a request is unfinished, and can be finished only with as many shards as before.</exception>
    public void GiveTo(IReadOnlyList<ShardSeed> seeds)
    {
        foreach ((string name, WriterState?[] states) in _states)
        {
            if (sourceCount == targetCount)
            {
                GiveEach(seeds, name, states);
            }
            else
            {
                GiveWhole(seeds, name, states);
            }
        }
    }

    private static void GiveEach(IReadOnlyList<ShardSeed> seeds, string name, WriterState?[] states)
    {
        for (int shard = 0; shard < states.Length; shard++)
        {
            if (states[shard] is { } state)
            {
                seeds[shard].AddWriter(name, state);
            }
        }
    }

    private void GiveWhole(IReadOnlyList<ShardSeed> seeds, string name, WriterState?[] states)
    {
        WriterProgress progress = TableWriters.ProgressOf(states);
        long newest = states.Max(static state => state?.Sequence ?? 0);
        if (progress.Sequence < newest)
        {
            throw new EmbedStoreException(
                ErrorCode.InvalidParameter,
                FormattableString.Invariant($"Request {newest} of writer \"{name}\" is unfinished in the snapshot; it can be finished with {sourceCount} shards only."),
                new Fact("parameter", "shards"));
        }

        int home = TableWriters.HomeOf(name, targetCount);
        seeds[home].AddWriter(name, new WriterState(progress.Epoch, progress.Sequence, [(ushort)home], states.Max(static state => state?.StepNumber ?? 0)));
    }
}
