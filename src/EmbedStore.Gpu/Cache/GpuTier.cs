using System.Collections.Concurrent;
using EmbedStore.Serving;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Gpu;

/// <summary>The tables of a device, and the one thread that sends changed rows there.</summary>
/// <remarks>
/// <para>A table takes up to half of the memory that is left when it opens, so that there is always some for the next; its place comes back when it closes.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed partial class GpuTier : IRowTier, IDisposable
{
    private readonly GpuOptions _options;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<Table, DeviceTable> _tables = [];
    private readonly AutoResetEvent _work = new(false);
    private readonly Lock _sending = new();
    private readonly Lane? _upload;
    private readonly Thread? _sender;
    private volatile bool _isDisposed;

    /// <param name="device">Disposed with it. Null: there is none, and nothing is kept.</param>
    /// <param name="options">What it may take.</param>
    /// <param name="logger">Where it reports.</param>
    public GpuTier(GpuDevice? device, GpuOptions options, ILogger logger)
        : this(device, options, logger, sends: true)
    {
    }

    /// <summary>With <paramref name="sends"/> false nothing goes to the device but by <see cref="Flush"/>: for tests.</summary>
    internal GpuTier(GpuDevice? device, GpuOptions options, ILogger logger, bool sends)
    {
        (Device, _options, _logger) = (device, options, logger);
        if (device is null)
        {
            return;
        }

        _upload = Lane.TryMake(device, options.StagingBytes);
        Lanes = new LanePool(device, options);
        Choice = Crossover.Measure(device, Lanes, options.CalibrationTime, logger);
        MemoryByteCount = options.MemoryBytes > 0 ? options.MemoryBytes : device.FreeByteCount / 5 * 4;
        if (sends && _upload is not null)
        {
            _sender = new Thread(Send) { IsBackground = true, Name = "EmbedStore.Gpu" };
            _sender.Start();
        }
    }

    /// <summary>Null: none.</summary>
    public GpuDevice? Device { get; }

    /// <summary>Device memory for rows. Unit: bytes.</summary>
    public long MemoryByteCount { get; }

    /// <summary>Device memory that rows take now. Unit: bytes, exact.</summary>
    public long ByteCount => _tables.Values.Sum(static table => table.ByteCount);

    /// <summary>Lent to requests.</summary>
    internal LanePool? Lanes { get; }

    /// <summary>What is worth the device.</summary>
    internal Crossover? Choice { get; }

    /// <inheritdoc/>
    public IMovingRows? TryMake(Table table)
    {
        if (Device is not { IsOn: true } device || _upload is null || _isDisposed || !DeviceTable.Fits(table.Spec))
        {
            return null;
        }

        try
        {
            DeviceTable? made = DeviceTable.TryMake(device, table.Spec, (MemoryByteCount - ByteCount) / 2, _options.StagingBytes / 2, () => _work.Set());
            if (made is null)
            {
                return null;
            }

            _tables[table] = made;
            LogTable(_logger, table.Name, made.Directory.SlotCount, made.ByteCount, made.Directory.IsDirect);
            _work.Set();
            return new Registered(this, table, made);
        }
        catch (Exception e) when (GpuDevice.IsDeviceFault(e))
        {
            device.GiveUp(e);
            return null;
        }
    }

    /// <summary>The rows of a table that are on the device; null when there are none, or the device is off.</summary>
    internal DeviceTable? Of(Table table) => Device is { IsOn: true } && (table.Tier as Registered)?.Rows is { } rows ? rows : null;

    /// <summary>Sends what waits, now.</summary>
    internal void Flush(DeviceTable table)
    {
        if (Device is not { IsOn: true } device || _upload is null)
        {
            return;
        }

        lock (_sending)
        {
            try
            {
                device.Enter();
                table.Flush(_upload.First);
            }
            catch (Exception e) when (GpuDevice.IsDeviceFault(e))
            {
                device.GiveUp(e);
            }
        }
    }

    /// <summary>Brings rows there that the processor's memory has, until nothing is left to do.</summary>
    internal void Fill(Table table)
    {
        while (Of(table) is { } rows && (rows.Backfill(table) || rows.PendingCount > 0))
        {
            Flush(rows);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        _work.Set();
        _sender?.Join();
        foreach (DeviceTable table in _tables.Values)
        {
            table.Dispose();
        }

        _tables.Clear();
        Lanes?.Dispose();
        _upload?.Dispose();
        Device?.Dispose();
        _work.Dispose();
    }

    private void Send()
    {
        while (!_isDisposed)
        {
            bool hasMore = false;
            foreach ((Table table, DeviceTable rows) in _tables)
            {
                hasMore |= rows.Backfill(table);
                Flush(rows);
            }

            // Changes are collected for a moment; without any, the next one wakes it. Rows that could not come in yet are tried again.
            if (!hasMore)
            {
                _work.WaitOne(IdleWait);
            }

            Thread.Sleep(_options.FlushInterval);
        }
    }

    private static readonly TimeSpan IdleWait = TimeSpan.FromSeconds(1);

    private void Remove(Table table)
    {
        if (_tables.TryRemove(table, out DeviceTable? rows))
        {
            lock (_sending)
            {
                rows.Dispose();
            }
        }
    }

    [LoggerMessage(EventId = 6010, Level = LogLevel.Information, Message = "Table {Table} has {SlotCount} slots on the device, {ByteCount} bytes; all rows: {IsAll}.")]
    private static partial void LogTable(ILogger logger, string table, int slotCount, long byteCount, bool isAll);

    /// <summary>A table's rows, which leave the tier with the table.</summary>
    private sealed class Registered(GpuTier tier, Table table, DeviceTable rows) : IMovingRows, IDisposable
    {
        public DeviceTable Rows => rows;

        public bool IsComplete => false;

        public void Resize(long change) => ((IRowMirror)rows).Resize(change);

        public void Write(long rowId, long lsn, ReadOnlySpan<byte> data) => ((IRowMirror)rows).Write(rowId, lsn, data);

        public RowStatus Read(long rowId, Span<byte> data, out long lsn) => ((IRowMirror)rows).Read(rowId, data, out lsn);

        public void Forget(Predicate<long> isMeant) => rows.Forget(isMeant);

        public void Dispose() => tier.Remove(table);
    }
}
