namespace EmbedStore.Shards;

/// <summary>BF16: the upper half of a binary32.</summary>
internal static class BrainFloat
{
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to the nearest, ties to even. A NaN stays one, and quiet.</summary>
    public static ushort FromSingle(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            return (ushort)((bits >> 16) | 0x40);
        }

        // Adding just below a half, and one more when the kept part is odd, carries exactly when rounding up is right. The largest finite value carries to infinity.
        return unchecked((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }
}
