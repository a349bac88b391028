using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>The region of one connection; it lives as long as the connection does, so that a client maps it once.</summary>
internal sealed class SharedConnection(SharedAnswers regions)
{
    private SharedRegion? _region;

    /// <summary>A region of at least this size; one that is too small is taken back.</summary>
    /// <returns>Null when there is none to be had.</returns>
    public SharedRegion? Resize(int byteCount)
    {
        if (_region is null || _region.ByteCount < byteCount)
        {
            Release();
            _region = regions.TryTake(byteCount);
        }

        return _region;
    }

    /// <summary>What this request's connection has, made now if it has none.</summary>
    /// <returns>Null when the connection cannot say when it ends.</returns>
    public static SharedConnection? Of(HttpContext context, SharedAnswers regions)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items is not { } items || context.Features.Get<IConnectionCompleteFeature>() is not { } complete)
        {
            return null;
        }

        if (items.TryGetValue(typeof(SharedConnection), out object? known))
        {
            return (SharedConnection)known!;
        }

        var connection = new SharedConnection(regions);
        items[typeof(SharedConnection)] = connection;

        // Behind the last request: nobody writes into the region any more.
        complete.OnCompleted(static state =>
        {
            ((SharedConnection)state).Release();
            return Task.CompletedTask;
        }, connection);
        return connection;
    }

    private void Release()
    {
        if (_region is { } region)
        {
            _region = null;
            regions.Return(region);
        }
    }
}
