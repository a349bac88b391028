using EmbedStore.Shards;

namespace EmbedStore.Gpu;

/// <summary>How rows of a table lie on a device: their data at the beginning of a slot that is a multiple of 16 bytes, so that every slot can be loaded 16 bytes at a time.</summary>
/// <param name="Rows">The table's.</param>
internal readonly record struct RowLayout(RowFormat Rows)
{
    /// <summary>Slots begin at multiples of this. Unit: bytes.</summary>
    public const int Alignment = 16;

    /// <summary>Of a row as it is stored. Unit: bytes.</summary>
    public int DataByteCount => Rows.DataByteCount;

    /// <summary>From a slot to the next. Unit: bytes.</summary>
    public int StrideByteCount => (DataByteCount + Alignment - 1) / Alignment * Alignment;

    /// <summary>The longest load that rows side by side can be made of: 16, 8, 4, 2 or 1. Unit: bytes.</summary>
    public int UnitByteCount => Math.Min(DataByteCount & -DataByteCount, Alignment);

    /// <summary>What a slot takes on the device: its data and its version. Unit: bytes.</summary>
    public long SlotByteCount => StrideByteCount + sizeof(long);
}
