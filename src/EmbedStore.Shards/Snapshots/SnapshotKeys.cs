namespace EmbedStore.Shards;

/// <summary>Keys in a snapshot: entries as they lie in memory.</summary>
internal static class SnapshotKeys
{
    public static void Write(SnapshotWriter target, KeyEntry entry) =>
        entry.Bytes.Span.CopyTo(target.Reserve(SnapshotBlockKind.Keys, entry.Bytes.Length));

    /// <returns>False when the entries do not fit the payload, or each other.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, int entryCount, KeyDirectory keys)
    {
        for (int i = 0; i < entryCount; i++)
        {
            int byteCount = payload.Length < KeyEntry.HeadByteCount ? 0 : KeyEntry.ByteCountOf(payload);
            if (byteCount <= KeyEntry.HeadByteCount || byteCount > payload.Length || !keys.TryAdd(KeyEntry.IdOf(payload), payload[KeyEntry.HeadByteCount..byteCount]))
            {
                return false;
            }

            payload = payload[byteCount..];
        }

        keys.Publish();
        return payload.IsEmpty;
    }
}
