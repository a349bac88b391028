using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The calls <see cref="PeerCall.Step"/> and <see cref="PeerCall.StepTaken"/>: a number each way.</summary>
internal static class StepMessage
{
    public static PeerBuffer Call(long taken)
    {
        var buffer = new PeerBuffer(sizeof(long));
        new PeerWriter(buffer).Number(taken);
        return buffer;
    }

    public static long Read(ReadOnlyMemory<byte> call) => new PeerReader(call).Number();

    public static PeerBuffer Answer(Shard shard, long step)
    {
        PeerBuffer buffer = PeerAnswer.Done(shard);
        new PeerWriter(buffer).Number(step);
        return buffer;
    }

    public static long StepOf(PeerAnswer answer) => new PeerReader(answer.Body).Number();
}
