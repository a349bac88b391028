using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The calls <see cref="PeerCall.RowIds"/> and <see cref="PeerCall.Keys"/>: all live rows of a shard. Limit: a message is below 2 GiB.</summary>
internal static class ListMessage
{
    public static PeerBuffer RowIds(Shard shard)
    {
        PeerBuffer buffer = PeerAnswer.Done(shard);
        new PeerWriter(buffer).Many<long>(shard.RowIds().ToArray());
        return buffer;
    }

    public static long[] RowIdsOf(PeerAnswer answer) => new PeerReader(answer.Body).Many<long>().ToArray();

    public static PeerBuffer Keys(Shard shard)
    {
        var keys = new RowKeysBuilder();
        foreach (ReadOnlyMemory<byte> key in shard.LiveKeys())
        {
            keys.Add(key.Span);
        }

        PeerBuffer buffer = PeerAnswer.Done(shard);
        KeysPart.Write(new PeerWriter(buffer), keys.Take(), default);
        return buffer;
    }

    /// <summary>Copies: they outlive the answer.</summary>
    public static List<ReadOnlyMemory<byte>> KeysOf(PeerAnswer answer)
    {
        RowKeys keys = KeysPart.Read(new PeerReader(answer.Body.ToArray()));
        var list = new List<ReadOnlyMemory<byte>>(keys.Count);
        for (int i = 0; i < keys.Count; i++)
        {
            list.Add(keys[i].ToArray());
        }

        return list;
    }
}
