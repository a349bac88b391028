using EmbedStore.Serving;

namespace EmbedStore.Cluster.Tests;

/// <summary>What the servers of a test have together, as files in a folder would be.</summary>
internal sealed class FakeShards(int shardCount)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardKey, HashSet<string>> _owners = [];
    private readonly List<string> _notes = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<ShardKey> All { get; } = [.. Enumerable.Range(0, shardCount).Select(static shard => new ShardKey(1, 1, shard))];

    /// <summary>The most servers that ever had one shard at once.</summary>
    public int OwnerCountMax { get; private set; }

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_lock)
            {
                return [.. _notes];
            }
        }
    }

    public IReadOnlyList<ShardKey> TakenBy(string server)
    {
        lock (_lock)
        {
            return [.. _owners.Where(pair => pair.Value.Contains(server)).Select(static pair => pair.Key)];
        }
    }

    public bool Take(ShardKey shard, string server)
    {
        if (!All.Contains(shard))
        {
            return false;
        }

        lock (_lock)
        {
            HashSet<string> owners = _owners.TryGetValue(shard, out HashSet<string>? known) ? known : _owners[shard] = [];
            if (owners.Add(server))
            {
                OwnerCountMax = Math.Max(OwnerCountMax, owners.Count);
                Note($"{server} takes {shard}");
            }
        }

        return true;
    }

    public void Release(ShardKey shard, string server)
    {
        lock (_lock)
        {
            if (_owners.TryGetValue(shard, out HashSet<string>? owners) && owners.Remove(server))
            {
                Note($"{server} releases {shard}");
            }
        }
    }

    public void Note(string what)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _notes.Add(what);
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }

    /// <summary>Waits until every shard is taken by who should have it.</summary>
    /// <param name="servers">Names of the servers that there are.</param>
    public async Task WaitUntilPlacedAsync(params string[] servers)
    {
        PlacementServer[] places = [.. servers.Order(StringComparer.Ordinal).Select(static name => new PlacementServer(name))];
        using var patience = new CancellationTokenSource(TestTimes.Patience);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
                if (All.All(shard => _owners.TryGetValue(shard, out HashSet<string>? owners) && owners.SetEquals([places[RendezvousPlacement.Choose(shard, places)].Name])))
                {
                    return;
                }
            }

            await changed.WaitAsync(patience.Token);
        }
    }
}
