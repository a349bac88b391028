using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The call <see cref="PeerCall.Writer"/>: a writer's name, and what a shard knows of it.</summary>
internal static class WriterMessage
{
    public static PeerBuffer Call(string name)
    {
        var buffer = new PeerBuffer(name.Length + 32);
        new PeerWriter(buffer).Text(name);
        return buffer;
    }

    public static PeerBuffer Answer(Shard shard, ReadOnlyMemory<byte> call)
    {
        WriterState? state = shard.WriterState(new PeerReader(call).Text());
        PeerBuffer buffer = PeerAnswer.Done(shard);
        var writer = new PeerWriter(buffer);
        writer.Number(state is null ? 0 : 1);
        if (state is not null)
        {
            writer.Number(state.Epoch);
            writer.Number(state.Sequence);
            writer.Number(state.StepNumber);
            writer.Many<ushort>(state.Parts.ToArray());
        }

        return buffer;
    }

    public static WriterState? StateOf(PeerAnswer answer)
    {
        var reader = new PeerReader(answer.Body);
        if (reader.Number() == 0)
        {
            return null;
        }

        (long epoch, long sequence, long step) = (reader.Number(), reader.Number(), reader.Number());
        return new WriterState(epoch, sequence, reader.Many<ushort>().ToArray(), step);
    }
}
