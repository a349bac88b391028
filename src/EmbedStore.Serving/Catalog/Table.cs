using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A table that is served: its spec, compiled, and its shards.</summary>
/// <remarks>Thread-safe. Reached through a <see cref="TableLease"/>, which keeps the shards open.</remarks>
public sealed class Table : IAsyncDisposable
{
    /// <summary>Writers share gates: a few wait for another now and then, and however many there are take no memory.</summary>
    private const int WriterGateCount = 16;

    private const int LocalRunByteCount = 256 << 10;
    private const int SharedRunByteCount = 4 << 20;

    private readonly TaskCompletionSource _unused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ShardSlot[] _shards;
    private readonly Lazy<IRowMirror?> _mirror;
    private readonly OwnedMirror?[] _owned;
    private volatile bool _allOpened;
    private readonly SemaphoreSlim[] _writerGates = Enumerable.Range(0, WriterGateCount).Select(static _ => new SemaphoreSlim(1)).ToArray();
    private readonly SemaphoreSlim _snapshotTurn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private long _versionSeen;
    private long _stepSeen;

    // One for the catalog and one for each lease; at 0 the shards close.
    private int _users = 1;

    internal Table(StoredTable stored, Func<Table, int, ShardSlot> slotOf, StorageOptions storage)
    {
        (Id, Name, Spec, Generation, _versionSeen) = stored;
        Shape = Spec.ToShape();
        Rows = Spec.ToRowFormat();
        Capacity = Spec.Capacity is { } capacity ? new TableCapacity(capacity) : null;
        IsShared = storage.IsShared;
        _mirror = new Lazy<IRowMirror?>(() => WithTier(
            (IRowMirror?)ResidentRows.TryMake(Shape, Rows, storage.ResidentMemoryByteCount) ?? CachedRows.TryMake(Spec, storage), storage.Tier?.TryMake(this)));
        _owned = new OwnedMirror?[IsShared ? Spec.ShardCount : 0];
        _shards = Enumerable.Range(0, Spec.ShardCount).Select(number => slotOf(this, number)).ToArray();
    }

    /// <summary>Number of its folder.</summary>
    public long Id { get; }

    /// <summary>Name in the API.</summary>
    public string Name { get; }

    /// <summary>What its creator said.</summary>
    public TableSpec Spec { get; }

    /// <summary>1, and one more each time that the table was restored.</summary>
    public int Generation { get; }

    /// <summary>True where other servers own shards of it, now or later: what is in memory here is a shard's own only while it is owned here (<see cref="OwnedShards"/>).</summary>
    public bool IsShared { get; }

    /// <summary>The table as a tensor.</summary>
    public TableShape Shape { get; }

    /// <summary>What one row is made of.</summary>
    public RowFormat Rows { get; }

    /// <summary>Keeps it at its size; null: it may have any.</summary>
    internal TableCapacity? Capacity { get; }

    /// <summary>Its shards, by number.</summary>
    public IReadOnlyList<ShardSlot> Shards => _shards;

    /// <summary>All its rows, when it keeps them in memory and a shard was opened to fill them.</summary>
    public ResidentRows? Resident => Memory as ResidentRows;

    /// <summary>Rows that are read often, when it does not keep all of them, and a shard was opened.</summary>
    public CachedRows? Cached => Memory as CachedRows;

    /// <summary>Rows above the processor's memory, when there is such a place and a shard was opened.</summary>
    public ITierRows? Tier => (Made as TieredMirror)?.Tier;

    private IRowMirror? Memory => Made is TieredMirror tiered ? tiered.Memory : Made;

    private IRowMirror? Made => _mirror.IsValueCreated ? _mirror.Value : null;

    /// <summary>Version of the newest write that is visible.</summary>
    public long Version => Math.Max(Volatile.Read(ref _versionSeen), Shards.Max(static slot => slot.Opened?.Version ?? 0));

    /// <summary>Live rows, and those that expired and were not purged yet, in the shards that are open.</summary>
    public long RowCount => Shards.Sum(static slot => slot.Opened?.RowCount ?? 0);

    /// <summary>Notes a version, so that later writes get higher ones whatever shard they go to.</summary>
    internal void Saw(long version)
    {
        long seen = Volatile.Read(ref _versionSeen);
        while (version > seen)
        {
            long before = Interlocked.CompareExchange(ref _versionSeen, version, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>Commits pass it; the end of a snapshot closes it for a moment.</summary>
    internal CommitGate Commits { get; } = new();

    /// <summary>Set once the table is dropped, replaced, or the server stops: what takes long ends.</summary>
    internal CancellationToken Closing => _closing.Token;

    /// <summary>Lets one request of a writer through at a time.</summary>
    internal SemaphoreSlim WriterGate(string writer) => _writerGates[(writer.GetHashCode(StringComparison.Ordinal) & int.MaxValue) % WriterGateCount];

    /// <summary>Does what only one may do at a time: a snapshot, or a restore.</summary>
    /// <param name="work">Its token ends it when the table closes, too.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="EmbedStoreException">Stopping: the table was dropped or replaced, or the server stops.</exception>
    internal async Task<T> InSnapshotTurnAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Closing);
        try
        {
            await _snapshotTurn.WaitAsync(ending.Token);
            try
            {
                ending.Token.ThrowIfCancellationRequested();
                return await work(ending.Token);
            }
            finally
            {
                _snapshotTurn.Release();
            }
        }
        catch (OperationCanceledException) when (Closing.IsCancellationRequested)
        {
            throw new EmbedStoreException(ErrorCode.Stopping, $"Table \"{Name}\" was closed meanwhile.", new Fact("shard", null));
        }
    }

    /// <summary>Refuses while a shard recovers: the table's newest version and step are not known before. A shard that is damaged does not count.</summary>
    /// <exception cref="Tensors.EmbedStoreException">Starting.</exception>
    internal void RequireRecovered()
    {
        foreach (ShardSlot slot in _shards)
        {
            slot.RequireRecovered();
        }
    }

    /// <summary>Number of the next step of the optimizer: higher than every one that was given before, and than <paramref name="taken"/>.</summary>
    internal long NextStep(long taken)
    {
        long seen = Volatile.Read(ref _stepSeen);
        while (true)
        {
            long next = Math.Max(seen, taken) + 1;
            long before = Interlocked.CompareExchange(ref _stepSeen, next, seen);
            if (before == seen)
            {
                return next;
            }

            seen = before;
        }
    }

    private static IRowMirror? WithTier(IRowMirror? memory, ITierRows? tier) => tier is null ? memory : new TieredMirror(memory, tier);

    /// <summary>What a shard that opens tells its changes. Makes <see cref="Resident"/> or <see cref="Cached"/>, what the table is to have, and <see cref="Tier"/>, before the first.</summary>
    internal IRowMirror? MakeMirror(int shard)
    {
        if (!IsShared || _mirror.Value is not IMovingRows rows)
        {
            return _mirror.Value;
        }

        _owned[shard]?.End();
        return _owned[shard] = new OwnedMirror(rows);
    }

    /// <summary>Lets go of what is in memory of a shard that others may have changed.</summary>
    internal void ForgetRows(int shard) => (Made as IMovingRows)?.Forget(rowId => ShardHash.ShardOf(rowId, _shards.Length) == shard);

    /// <summary>True when every row is in memory here, so that a read asks no shard.</summary>
    internal bool ServesFromMemory() => Resident is not null && AllShardsServe();

    /// <summary>Bytes of rows that are read at a time: what fits the second-level cache, and of a table with owners elsewhere more, since each run asks each of them once. Unit: bytes.</summary>
    public int RunByteCount => IsShared && !AllShardsServe() ? SharedRunByteCount : LocalRunByteCount;

    /// <summary>True when memory may be asked for rows. Of a shared table it may have old ones: <see cref="OwnedRowCache"/> hides them.</summary>
    public bool ReadsMemory() => IsShared || AllShardsServe();

    /// <summary>True when no shard would refuse a read here. A shard that was opened stays so as long as the table is used, unless it is shared.</summary>
    public bool AllShardsServe()
    {
        if (IsShared)
        {
            return Array.TrueForAll(_shards, static slot => slot.IsOwner);
        }

        if (_allOpened)
        {
            return true;
        }

        bool allOpened = true;
        foreach (ShardSlot slot in _shards)
        {
            allOpened &= slot.Opened is not null;
            if (slot.IsHeldBack)
            {
                return false;
            }
        }

        _allOpened = allOpened;
        return true;
    }

    internal bool TryEnter()
    {
        int users = Volatile.Read(ref _users);
        while (users > 0)
        {
            int before = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (before == users)
            {
                return true;
            }

            users = before;
        }

        return false;
    }

    internal void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            _unused.SetResult();
        }
    }

    /// <summary>Ends what takes long, and lets nothing of that kind begin.</summary>
    internal Task BeginClosingAsync() => _closing.CancelAsync();

    /// <summary>Gives up the catalog's own use, waits for the leases to end, and closes the shards. The catalog calls it, once.</summary>
    public async ValueTask DisposeAsync()
    {
        await BeginClosingAsync();
        Leave();
        await _unused.Task;
        foreach (ShardSlot slot in Shards)
        {
            await slot.CloseAsync();
        }

        Tier?.Dispose();
        Resident?.Dispose();
        Cached?.Dispose();
        Capacity?.Dispose();
        _closing.Dispose();
        _snapshotTurn.Dispose();
        Array.ForEach(_writerGates, static gate => gate.Dispose());
    }
}

/// <summary>The right to use a table until disposed. A table that is dropped meanwhile keeps its files until then.</summary>
public readonly struct TableLease : IDisposable
{
    internal TableLease(Table table) => Table = table;

    /// <summary>The table.</summary>
    public Table Table { get; }

    /// <summary>Ends the use. Once.</summary>
    public void Dispose() => Table.Leave();
}
