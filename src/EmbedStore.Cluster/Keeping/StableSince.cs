namespace EmbedStore.Cluster;

/// <summary>How long a list has been the same.</summary>
internal sealed class StableSince<T>(TimeProvider time)
{
    private IReadOnlyList<T>? _last;
    private long _since;

    /// <summary>Looks at the list now.</summary>
    public TimeSpan Of(IReadOnlyList<T> list)
    {
        if (_last is null || !_last.SequenceEqual(list))
        {
            (_last, _since) = (list, time.GetTimestamp());
        }

        return time.GetElapsedTime(_since);
    }
}
