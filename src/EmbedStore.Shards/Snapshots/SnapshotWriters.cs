using System.Buffers.Binary;
using System.Text;

namespace EmbedStore.Shards;

/// <summary>Writers in a snapshot, one entry each: name length u16, parts u16, epoch i64, sequence i64, step i64, parts u16 each, name.</summary>
internal static class SnapshotWriters
{
    private const int FixedByteCount = 28;

    public static void Write(SnapshotWriter target, string name, WriterState state)
    {
        int nameByteCount = Encoding.UTF8.GetByteCount(name);
        int nameOffset = FixedByteCount + (state.Parts.Count * sizeof(ushort));
        Span<byte> entry = target.Reserve(SnapshotBlockKind.Writers, nameOffset + nameByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(entry, (ushort)nameByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)state.Parts.Count);
        BinaryPrimitives.WriteInt64LittleEndian(entry[4..], state.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(entry[12..], state.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(entry[20..], state.StepNumber);
        for (int i = 0; i < state.Parts.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(entry[(FixedByteCount + (i * sizeof(ushort)))..], state.Parts[i]);
        }

        Encoding.UTF8.GetBytes(name, entry[nameOffset..]);
    }

    /// <returns>False when the entries do not fit the payload.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, int entryCount, WriterTable writers)
    {
        for (int i = 0; i < entryCount; i++)
        {
            if (payload.Length < FixedByteCount)
            {
                return false;
            }

            int nameByteCount = BinaryPrimitives.ReadUInt16LittleEndian(payload);
            var parts = new ushort[BinaryPrimitives.ReadUInt16LittleEndian(payload[2..])];
            int nameOffset = FixedByteCount + (parts.Length * sizeof(ushort));
            if (payload.Length < nameOffset + nameByteCount)
            {
                return false;
            }

            for (int part = 0; part < parts.Length; part++)
            {
                parts[part] = BinaryPrimitives.ReadUInt16LittleEndian(payload[(FixedByteCount + (part * sizeof(ushort)))..]);
            }

            writers.Restore(Encoding.UTF8.GetString(payload.Slice(nameOffset, nameByteCount)), new WriterState(
                BinaryPrimitives.ReadInt64LittleEndian(payload[4..]),
                BinaryPrimitives.ReadInt64LittleEndian(payload[12..]),
                parts,
                BinaryPrimitives.ReadInt64LittleEndian(payload[20..])));
            payload = payload[(nameOffset + nameByteCount)..];
        }

        return payload.IsEmpty;
    }
}
