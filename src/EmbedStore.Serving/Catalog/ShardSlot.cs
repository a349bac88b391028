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

    /// <param name="name">Of the shard.</param>
    /// <param name="hasRows">Rows may have been acknowledged; false where the shard is another's until it is taken.</param>
    /// <param name="open">Opens it.</param>
    internal ShardSlot(string name, bool hasRows, Func<Task<Shard>> open)
    {
        Name = name;
        _hasRows = hasRows;
        _open = open;
    }

    /// <summary><c>table/0</c>.</summary>
    public string Name { get; }

    /// <summary>The shard when it is open; null when nothing was ever written to it, or while it recovers, or when it failed to.</summary>
    public Shard? Opened => _opening is { IsCompletedSuccessfully: true } opening ? opening.Result : null;

    /// <summary>True when the shard has rows but does not serve: it waits to be opened, or could not be.</summary>
    public bool IsHeldBack => Opened is null && (_hasRows || IsTaken);

    /// <summary>True when this server was made the owner of a shard that others might own.</summary>
    internal bool IsTaken { get; private set; }

    /// <summary>Why the shard could not be opened; null when it could or was not tried.</summary>
    public Exception? Failure => _opening?.Exception?.InnerException;

    /// <summary>The shard, opened now if it was not. An opening that only lacked room, or of a shard without rows, is tried again.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.StorageFull"/>, or <see cref="ErrorCode.ShardUnavailable"/>: it cannot be opened.</exception>
    public async ValueTask<Shard> OpenAsync()
    {
        Task<Shard> opening;
        lock (_lock)
        {
            if (_opening is null || (_opening.IsFaulted && (Failure is DiskFullException || !_hasRows)))
            {
                _opening = Task.Run(_open);
            }

            opening = _opening;
        }

        try
        {
            return await opening;
        }
        catch (DiskFullException)
        {
            throw StorageFull();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Unavailable();
        }
    }

    /// <summary>The shard to read from; null when nothing that was acknowledged was ever written to it.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Starting"/> or <see cref="ErrorCode.ShardUnavailable"/>.</exception>
    public Shard? RequireReadable()
    {
        Task<Shard>? opening = _opening;
        return opening is { IsCompletedSuccessfully: true } ? opening.Result
            : !_hasRows ? null
            : opening is { IsCompleted: true } ? throw Unavailable()
            : throw Starting();
    }

    /// <summary>Rows were acknowledged, and whether they can be served is not known yet.</summary>
    internal bool IsRecovering => _hasRows && _opening is not { IsCompleted: true };

    /// <summary>Refuses while the shard recovers: what it knows of versions and steps is not known yet.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Starting"/>.</exception>
    internal void RequireRecovered()
    {
        if (IsRecovering)
        {
            throw Starting();
        }
    }

    /// <summary>Opens the shard when it has rows.</summary>
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

    /// <summary>Whether what the shard says is the newest: false once another server has taken it over.</summary>
    internal bool IsOwner => Opened?.ConfirmOwner() ?? false;

    /// <summary>Whether another server has taken the shard over that was taken here.</summary>
    internal bool IsLost => Opened?.IsFenced ?? Failure is ShardClaimedException;

    /// <summary>Makes this server the shard's owner: opens it in the background, unless that is under way or done. What another server has taken over is claimed anew.</summary>
    internal void Take()
    {
        lock (_lock)
        {
            // Who was owner before, and was not told that it is over, may not know it yet.
            Task<Shard>? lost = IsLost || Opened?.ConfirmOwner(TimeSpan.Zero) is false ? _opening : null;
            IsTaken = true;
            if (_opening is not { IsFaulted: false } || lost is not null)
            {
                _opening = Task.Run(async () =>
                {
                    // It has the scratch folder.
                    await CloseAsync(lost);
                    return await _open();
                });
            }
        }
    }

    /// <summary>Opens a shard again that was taken and could not be opened.</summary>
    internal void Retry()
    {
        lock (_lock)
        {
            if (IsTaken && !IsLost && _opening is { IsFaulted: true })
            {
                _opening = Task.Run(_open);
            }
        }
    }

    /// <summary>Lets go of a shard that was taken; it may be taken again.</summary>
    internal async Task ReleaseAsync()
    {
        Task<Shard>? opening;
        lock (_lock)
        {
            (opening, _opening, IsTaken) = (_opening, null, false);
        }

        await CloseAsync(opening);
    }

    internal ValueTask CloseAsync() => CloseAsync(_opening);

    private static async ValueTask CloseAsync(Task<Shard>? opening)
    {
        if (opening is not null)
        {
            await opening.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await (opening.IsCompletedSuccessfully ? opening.Result.DisposeAsync() : ValueTask.CompletedTask);
        }
    }

    private EmbedStoreException Starting() => new(ErrorCode.Starting, $"Shard {Name} is recovering.", new Fact("shard", Name));

    internal EmbedStoreException StorageFull() =>
        new(ErrorCode.StorageFull, $"The disk of shard {Name} has no room for the write.", new Fact("shard", Name));

    internal EmbedStoreException Unavailable(string? reason = null) => new(
        ErrorCode.ShardUnavailable,
        $"Shard {Name} does not serve: {reason ?? Failure?.Message ?? "a write to its log failed; the server must be restarted"}",
        new Fact("shard", Name));
}
