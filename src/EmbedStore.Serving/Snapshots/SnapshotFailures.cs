using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Turns what went wrong in a shard into what the caller is told.</summary>
internal static class SnapshotFailures
{
    public static Task TellAsync(ShardSlot slot, Func<Task> step) => TellAsync(slot, async () =>
    {
        await step();
        return true;
    });

    public static async Task<T> TellAsync<T>(ShardSlot slot, Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (DiskFullException)
        {
            throw slot.StorageFull();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ShardDamagedException or ObjectDisposedException)
        {
            throw slot.Unavailable(e.Message);
        }
    }
}
