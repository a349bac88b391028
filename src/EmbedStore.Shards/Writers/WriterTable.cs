using System.Collections.Concurrent;

namespace EmbedStore.Shards;

/// <summary>The newest write of each writer in one shard. It is rebuilt from the log, where each write carries its stamp.</summary>
/// <remarks>One thread changes it; any number read.</remarks>
internal sealed class WriterTable
{
    /// <summary>Writers that one shard remembers. A further name is refused, for forgetting one would break its promise.</summary>
    public const int WriterCountMax = 65_536;

    private readonly ConcurrentDictionary<string, WriterState> _writers = new(StringComparer.Ordinal);

    /// <summary>Null for a writer that never wrote here.</summary>
    public WriterState? Find(string name) => _writers.GetValueOrDefault(name);

    /// <summary>What to do with a write, before it goes to the log.</summary>
    /// <param name="stamp">Of the write.</param>
    /// <param name="isEmpty">The write has no rows: with a higher epoch it makes that known, whatever its sequence.</param>
    public WriterVerdict Judge(WriterStamp stamp, bool isEmpty)
    {
        WriterState? known = Find(stamp.Name);
        return stamp.Epoch < known?.Epoch ? WriterVerdict.Fenced
            : isEmpty && stamp.Epoch > known?.Epoch && stamp.Sequence == known.Sequence ? WriterVerdict.New
            : stamp.Sequence <= known?.Sequence ? WriterVerdict.Duplicate
            : known is null && _writers.Count >= WriterCountMax ? WriterVerdict.Full
            : WriterVerdict.New;
    }

    /// <summary>Every writer, by name. Of writers that write meanwhile, as before or as after.</summary>
    public IReadOnlyDictionary<string, WriterState> All => _writers;

    /// <summary>Puts back what a snapshot kept.</summary>
    public void Restore(string name, WriterState state) => _writers[name] = state;

    /// <summary>Takes over the stamp of a write that was applied.</summary>
    public void Record(WriterStamp stamp, long stepNumber)
    {
        WriterState? known = Find(stamp.Name);
        long epoch = Math.Max(stamp.Epoch, known?.Epoch ?? 0);

        // What only makes an epoch known took no step: the request of that sequence did, and its retry takes the same.
        long step = stepNumber == 0 && known?.Sequence == stamp.Sequence ? known.StepNumber : stepNumber;
        _writers[stamp.Name] = new WriterState(epoch, stamp.Sequence, stamp.Parts, step);
    }
}

internal enum WriterVerdict
{
    New,
    Duplicate,
    Fenced,
    Full,
}
