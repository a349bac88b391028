using EmbedStore.Testing;

namespace EmbedStore.Serving.Tests;

public sealed class ShardRehearsalTests
{
    [Fact]
    public async Task Run_TwiceInTheSameScratch_LeavesNothing()
    {
        using var folder = new TemporaryFolder();
        var storage = new StorageOptions { Folder = folder["data"], ScratchFolder = folder["scratch"], IsShared = true, OwnerName = "one" };
        await ShardRehearsal.RunAsync(storage, CancellationToken.None);
        await ShardRehearsal.RunAsync(storage, CancellationToken.None);
        Assert.Empty(Directory.GetFileSystemEntries(folder["scratch"]));
        Assert.False(Directory.Exists(folder["data"]));
    }

    [Fact]
    public async Task Run_CancelledInTheMiddle_LeavesNothing()
    {
        using var folder = new TemporaryFolder();
        var storage = new StorageOptions { Folder = folder["data"], ScratchFolder = folder["scratch"], IsShared = true };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ShardRehearsal.RunAsync(storage, new CancellationToken(canceled: true)));
        Assert.Empty(Directory.GetFileSystemEntries(folder["scratch"]));
    }
}
