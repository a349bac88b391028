using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The place of one shard in a table. The shard is opened with the first write, or at start when it has a folder.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class ShardSlot
{
    private readonly Lock _lock = new();
    private readonly Func<Task<Shard>> _open;
    private readonly bool _hasRows;
    private Task<Shard>? _opening;

    internal ShardSlot(string name, string folder, Func<Task<Shard>> open)
    {
        Name = name;
        _hasRows = Directory.Exists(folder);
        _open = open;
    }

    /// <summary><c>table/0</c>.</summary>
    public string Name { get; }

    /// <summary>The shard when it is open; null when nothing was ever written to it, or while it recovers, or when it failed to.</summary>
    public Shard? Opened => _opening is { IsCompletedSuccessfully: true } opening ? opening.Result : null;

    /// <summary>True when the shard has rows on disk but does not serve: it recovers, or could not.</summary>
    public bool IsHeldBack => Opened is null && (_hasRows || Failure is not null);

    /// <summary>Why the shard could not be opened; null when it could or was not tried.</summary>
    public Exception? Failure => _opening?.Exception?.InnerException;

    /// <summary>The shard, opened now if it was not.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ShardUnavailable"/>: it cannot be opened.</exception>
    public async ValueTask<Shard> OpenAsync()
    {
        Task<Shard> opening;
        lock (_lock)
        {
            opening = _opening ??= Task.Run(_open);
        }

        try
        {
            return await opening;
        }
        catch (Exception e) when (e is IOException or ShardDamagedException or ShardLockedException or UnauthorizedAccessException)
        {
            throw Unavailable();
        }
    }

    /// <summary>The shard to read from; null when nothing was ever written to it.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Starting"/> or <see cref="ErrorCode.ShardUnavailable"/>.</exception>
    public Shard? RequireReadable()
    {
        // While a shard opens for its first write, nothing that was written to it was acknowledged.
        Task<Shard>? opening = _opening;
        return opening switch
        {
            { IsCompletedSuccessfully: true } => opening.Result,
            { IsCompleted: true } => throw Unavailable(),
            _ when !_hasRows => null,
            _ => throw new EmbedStoreException(ErrorCode.Starting, $"Shard {Name} is recovering.", new Fact("shard", Name)),
        };
    }

    /// <summary>Opens the shard when it has a folder.</summary>
    /// <returns>False when it could not be opened; <see cref="Failure"/> says why.</returns>
    internal async Task<bool> RecoverAsync()
    {
        if (!_hasRows)
        {
            return true;
        }

        try
        {
            await OpenAsync();
            return true;
        }
        catch (EmbedStoreException)
        {
            return false;
        }
    }

    internal async ValueTask CloseAsync()
    {
        if (_opening is { } opening)
        {
            await opening.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await (Opened?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    internal EmbedStoreException Unavailable() => new(
        ErrorCode.ShardUnavailable,
        $"Shard {Name} does not serve: {Failure?.Message ?? "a write to its log failed; the server must be restarted"}",
        new Fact("shard", Name));
}
