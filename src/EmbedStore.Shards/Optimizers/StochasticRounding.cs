using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>Rounds a binary32 to one of its two neighbours in 16 bits, to the nearer with the higher chance: the mean of many roundings is the number itself.</summary>
/// <remarks>
/// Chance is a function of (seed, row id, LSN, column), so that a replay rounds the same way. Infinity and NaN are kept. A number in F16's subnormal range is rounded to the nearest:
/// there the neighbours are so near that training does not notice.
/// </remarks>
internal readonly struct StochasticRounding(long seed, long rowId, long lsn)
{
    private const int BFloatDroppedBits = 16;
    private const int HalfDroppedBits = 13;
    private const float HalfNormalMin = 6.103515625e-05f;

    private readonly ulong _stream = RowHash.Row(unchecked(seed ^ (lsn * 0x632BE59BD9B4E019)), rowId);

    public ushort ToBrainFloat(float value, int column) =>
        float.IsFinite(value) ? (ushort)(Shake(value, column, BFloatDroppedBits) >> BFloatDroppedBits) : BrainFloat.FromSingle(value);

    public Half ToHalf(float value, int column)
    {
        if (!float.IsFinite(value) || MathF.Abs(value) < HalfNormalMin)
        {
            return (Half)value;
        }

        uint kept = Shake(value, column, HalfDroppedBits) >> HalfDroppedBits << HalfDroppedBits;
        var shaken = (Half)BitConverter.UInt32BitsToSingle(kept);

        // Above the largest number there is no neighbour to shake to.
        return Half.IsInfinity(shaken) ? (Half)value : shaken;
    }

    /// <summary>Adds up to just below one unit of what is kept, so that the carry comes with the chance that the dropped bits stand for.</summary>
    private uint Shake(float value, int column, int droppedBits) =>
        unchecked(BitConverter.SingleToUInt32Bits(value) + (uint)(RowHash.Fraction(_stream, column) * (1u << droppedBits)));
}
