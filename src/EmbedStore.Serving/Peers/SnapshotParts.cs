using System.Collections.Concurrent;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Snapshots of shards of this server that another server leads, step by step.</summary>
/// <remarks>Who leads may vanish: a gate opens by itself, and a part gives way to the next one, and to the shard's next owner. Thread-safe.</remarks>
public sealed class SnapshotParts(TimeProvider time)
{
    /// <summary>A gate is closed for one commit of each shard; writes that wait longer than this for a leader are let through.</summary>
    private static readonly TimeSpan GateTimeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<ShardKey, ShardSnapshot> _parts = new();
    private readonly ConcurrentDictionary<Table, ITimer> _gates = new();

    /// <summary>True while a snapshot of the shard is under way.</summary>
    internal bool Has(ShardKey key) => _parts.ContainsKey(key);

    /// <summary>Lets go of what is under way.</summary>
    internal async Task DropAsync(ShardKey key)
    {
        if (_parts.TryRemove(key, out ShardSnapshot? part))
        {
            await part.DisposeAsync();
        }
    }

    internal async ValueTask<PeerBuffer> CloseGateAsync(Table table)
    {
        OpenIfClosed(table);
        ITimer timer = time.CreateTimer(_ => OpenIfClosed(table), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!_gates.TryAdd(table, timer))
        {
            await timer.DisposeAsync();
            return PeerAnswer.Unavailable("another snapshot holds the table's commits up");
        }

        Task drained = table.Commits.CloseAsync();
        timer.Change(GateTimeout, Timeout.InfiniteTimeSpan);
        await drained;
        return PeerAnswer.Begin(PeerOutcome.Done, 0);
    }

    /// <summary>Refuses when the gate was opened before: then the snapshot's parts may end on two sides of a request.</summary>
    internal PeerBuffer OpenGate(Table table) =>
        OpenIfClosed(table) ? PeerAnswer.Begin(PeerOutcome.Done, 0) : PeerAnswer.Unavailable("the table's commits were held up for too long");

    internal async ValueTask<PeerBuffer> AnswerAsync(PeerCall call, ShardKey key, Shard shard, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (call == PeerCall.SnapshotBegin)
        {
            await DropAsync(key);
            _parts[key] = await shard.BeginSnapshotAsync(StepMessage.Read(request), cancellation);
        }
        else if (call == PeerCall.SnapshotDispose)
        {
            await DropAsync(key);
        }
        else if (!_parts.TryGetValue(key, out ShardSnapshot? part))
        {
            return PeerAnswer.Unavailable("its snapshot was given up meanwhile");
        }
        else
        {
            await StepAsync(call, part, request);
        }

        return PeerAnswer.Done(shard);
    }

    private static Task StepAsync(PeerCall call, ShardSnapshot part, ReadOnlyMemory<byte> request) => call switch
    {
        PeerCall.SnapshotEnd => part.EndAsync(),
        PeerCall.SnapshotSave => part.SaveAsync(),
        PeerCall.SnapshotKeep => part.KeepAsync(StepMessage.Read(request) is > 0 and long older ? older : null),
        _ => throw new InvalidDataException($"{call} is no call to a shard."),
    };

    private bool OpenIfClosed(Table table)
    {
        if (!_gates.TryRemove(table, out ITimer? timer))
        {
            return false;
        }

        timer.Dispose();
        table.Commits.Open();
        return true;
    }
}
