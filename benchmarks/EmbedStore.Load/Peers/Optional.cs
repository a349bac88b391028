namespace EmbedStore.Load;

/// <summary>A peer, or why it is not here.</summary>
/// <param name="Value">Null when it is not.</param>
/// <param name="Reason">Empty when it is.</param>
internal sealed record Optional<T>(T? Value, string Reason) : IDisposable
    where T : class, IDisposable
{
    /// <summary>Does something with it when it is here.</summary>
    public Optional<T> Then(Action<T> action)
    {
        if (Value is not null)
        {
            action(Value);
        }

        return this;
    }

    public void Dispose() => Value?.Dispose();
}

internal static class Optional
{
    /// <summary>Starts a peer; when it is not installed, says so loudly and goes on.</summary>
    public static Optional<T> Of<T>(Func<T> start)
        where T : class, IDisposable
    {
        try
        {
            return new Optional<T>(start(), "");
        }
        catch (PeerMissingException missing)
        {
            Console.Error.WriteLine($"!! {missing.Message}: the run goes on without it");
            return new Optional<T>(null, missing.Message);
        }
    }
}
