using System.Buffers.Binary;

namespace EmbedStore.Shards;

/// <summary>What a shard knows of row ids beside the rows: which have expired, which are counted but have no row, how rows are used, how far back it is known why rows are gone.</summary>
/// <remarks>The writer's thread changes it, record by record, live and in replay alike. What replay needs of it goes into snapshots: <see cref="Capture"/>.</remarks>
internal sealed class ShardVocabulary
{
    private const int HeadByteCount = 20;
    private const int CandidateByteCount = 20;

    private readonly long _timeToLive;
    private long _clock;

    /// <param name="format">Says what expires and what is admitted.</param>
    /// <param name="options">Limits, and whether uses are counted.</param>
    public ShardVocabulary(RowFormat format, ShardOptions options)
    {
        _timeToLive = format.TimeToLiveMilliseconds ?? long.MaxValue;
        Admission = format.AdmissionCount > 1 ? new AdmissionCounts(format.AdmissionCount, options.CandidateCountMax) : null;
        Uses = options.Uses is null ? null : new RowUses();
        Gone = new GoneRows(options.GoneRowCountMax);
    }

    /// <summary>Null when an id gets its row at once.</summary>
    public AdmissionCounts? Admission { get; }

    /// <summary>Null when uses are not counted.</summary>
    public RowUses? Uses { get; }

    /// <summary>Rows that are gone.</summary>
    public GoneRows Gone { get; }

    /// <summary>Time of the newest record: records never go back in time, whatever the system's clock does. Unit: Unix milliseconds. Any thread reads it.</summary>
    public long Clock => Volatile.Read(ref _clock);

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => (Admission?.ByteCount ?? 0) + (Uses?.ByteCount ?? 0);

    /// <summary>A live row that was written before this has expired at <paramref name="now"/>. Unit: Unix milliseconds.</summary>
    public long ExpiredBefore(long now) => _timeToLive == long.MaxValue ? long.MinValue : Math.Max(now, Clock) - _timeToLive;

    /// <summary>A record is applied from here on.</summary>
    public void Begin(long writtenAt) => Volatile.Write(ref _clock, Math.Max(_clock, writtenAt));

    /// <summary>What of the vocabulary has grown too large, as a write that makes it smaller; null when nothing has.</summary>
    /// <param name="lastLsn">Of the newest record.</param>
    public RowWrite? Due(long lastLsn) =>
        Admission?.DueBound() is { } counts ? new RowWrite { Kind = RowWriteKind.ForgetCounts, RowIds = default, Bound = counts }
        : Gone.DueBound(lastLsn) is { } gone ? new RowWrite { Kind = RowWriteKind.ForgetGone, RowIds = default, Bound = gone }
        : null;

    /// <summary>What a replay from the newest record on needs to know. On the writer's thread.</summary>
    /// <remarks>Clock i64, forgotten to i64, candidates i32; for each its id i64, LSN i64, updates i32. Little-endian.</remarks>
    public byte[] Capture()
    {
        int candidateCount = Admission?.CandidateCount ?? 0;
        byte[] bytes = new byte[HeadByteCount + (candidateCount * CandidateByteCount)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, _clock);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), Gone.ForgottenTo);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), candidateCount);
        Span<byte> target = bytes.AsSpan(HeadByteCount);
        foreach ((long id, long lsn, int count) in Admission?.All() ?? [])
        {
            BinaryPrimitives.WriteInt64LittleEndian(target, id);
            BinaryPrimitives.WriteInt64LittleEndian(target[8..], lsn);
            BinaryPrimitives.WriteInt32LittleEndian(target[16..], count);
            target = target[CandidateByteCount..];
        }

        return bytes;
    }

    /// <summary>Puts back what was captured, into a vocabulary that has seen nothing yet.</summary>
    /// <returns>False when the bytes do not fit themselves, or the format.</returns>
    public bool Restore(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadByteCount)
        {
            return false;
        }

        int candidateCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        ReadOnlySpan<byte> candidates = bytes[HeadByteCount..];
        if (candidateCount < 0 || candidates.Length != (long)candidateCount * CandidateByteCount || (candidateCount > 0 && Admission is null))
        {
            return false;
        }

        _clock = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Gone.ForgetTo(BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]));
        for (; !candidates.IsEmpty; candidates = candidates[CandidateByteCount..])
        {
            Admission!.Restore(
                BinaryPrimitives.ReadInt64LittleEndian(candidates),
                BinaryPrimitives.ReadInt64LittleEndian(candidates[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(candidates[16..]));
        }

        return true;
    }
}
