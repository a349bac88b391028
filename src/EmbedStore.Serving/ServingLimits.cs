using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>What one request may ask for.</summary>
/// <remarks>Immutable.</remarks>
public sealed record ServingLimits
{
    /// <summary>Room for what a log record says beside its row ids and values. Unit: bytes.</summary>
    private const int RecordOverheadByteCount = 4096;

    /// <summary>Bytes of an answer's rows, and of the values of a write after broadcasting. Unit: bytes. Default: 1 GiB. At most <see cref="Array.MaxLength"/>.</summary>
    public long ResultByteCountMax { get; init; } = 1L << 30;

    /// <summary>Ids in one tensor of a request, and indices that its subscript may stand for. Unit: ids. Default: 4,194,304.</summary>
    public long IdCountMax { get; init; } = 1L << 22;

    /// <summary>Gradients may be NaN or infinite. Default: false.</summary>
    public bool AllowNonFiniteGradients { get; init; }

    /// <summary>Refuses a result that is too large, before anything of its size is allocated.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ResultTooLarge"/>.</exception>
    public void RequireResult(TensorShape shape, ElementType type) => RequireResult((Int128)shape.ElementCount * type.ByteCount());

    /// <summary>Refuses a write whose elements, row ids and keys together do not fit one record of a shard's log.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ResultTooLarge"/>.</exception>
    public void RequireWrite(SubscriptPlan plan, ElementType type, RowKeys? keys = null) => Require(
        ((Int128)plan.ResultShape.ElementCount * type.ByteCount()) + EntryByteCount(plan) + (keys?.ByteCount ?? 0) + RecordOverheadByteCount, Math.Min(ResultByteCountMax, RowWrite.ByteCountMax));

    private static Int128 EntryByteCount(SubscriptPlan plan) => (Int128)plan.EntryCount * (sizeof(long) + (plan.ByElement ? sizeof(int) : 0) + (plan.Keys is null ? 0 : sizeof(long)));

    /// <inheritdoc cref="RequireResult(TensorShape, ElementType)"/>
    public void RequireResult(Int128 byteCount) => Require(byteCount, ResultByteCountMax);

    private static void Require(Int128 byteCount, long limit)
    {
        if (byteCount > limit)
        {
            throw new EmbedStoreException(
                ErrorCode.ResultTooLarge,
                FormattableString.Invariant($"The result would take {byteCount} bytes; the limit is {limit}."),
                new Fact("limit", limit),
                new Fact("size", (long)Int128.Min(byteCount, long.MaxValue)));
        }
    }

    /// <summary>Refuses a subscript whose row ids would take more than a result may: a slice of narrow rows names many in a few characters.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.ResultTooLarge"/>.</exception>
    public void RequireEntries(SubscriptPlan plan) => RequireResult(EntryByteCount(plan));

    /// <summary>Refuses a call whose parts together send too many ids.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.BodyTooLarge"/>.</exception>
    public void RequireIds(long idCount)
    {
        if (idCount > IdCountMax)
        {
            throw new EmbedStoreException(
                ErrorCode.BodyTooLarge,
                FormattableString.Invariant($"The request has {idCount} ids; the limit is {IdCountMax}."),
                new Fact("limit", IdCountMax),
                new Fact("size", idCount));
        }
    }

    /// <summary>Refuses index tensors that are too large. Masks are limited by what they select.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.BodyTooLarge"/>.</exception>
    public void RequireIds(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        foreach ((string name, Tensor tensor) in tensors)
        {
            if ((tensor.Type.IsInteger() || tensor.Type == ElementType.Str) && tensor.Shape.ElementCount > IdCountMax)
            {
                throw TooManyIds(name, tensor.Shape.ElementCount);
            }
        }
    }

    internal EmbedStoreException TooManyIds(string tensor, long count) => new(
        ErrorCode.BodyTooLarge,
        FormattableString.Invariant($"Tensor '{tensor}' has {count} ids; the limit is {IdCountMax}."),
        new Fact("limit", IdCountMax),
        new Fact("size", count));
}
