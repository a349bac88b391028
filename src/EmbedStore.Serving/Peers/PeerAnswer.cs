using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>The head of every answer between servers.</summary>
/// <param name="Outcome">How the call ended.</param>
/// <param name="Version">Of the shard, where the call was done; the answer is at least as new.</param>
/// <param name="Body">What follows.</param>
internal readonly record struct PeerAnswer(PeerOutcome Outcome, long Version, ReadOnlyMemory<byte> Body)
{
    /// <summary>Unit: bytes.</summary>
    public const int HeadByteCount = 2 * sizeof(long);

    /// <summary>Why a shard is <see cref="PeerOutcome.Unavailable"/>.</summary>
    public string Reason => new PeerReader(Body).Text();

    /// <exception cref="InvalidDataException">The answer is too short.</exception>
    public static PeerAnswer Of(PeerBuffer buffer)
    {
        var reader = new PeerReader(buffer.Memory);
        return new PeerAnswer((PeerOutcome)reader.Number(), reader.Number(), buffer.Memory[HeadByteCount..]);
    }

    /// <summary>An answer whose body is to be written.</summary>
    public static PeerBuffer Begin(PeerOutcome outcome, long version)
    {
        var buffer = new PeerBuffer(256);
        var writer = new PeerWriter(buffer);
        writer.Number((long)outcome);
        writer.Number(version);
        return buffer;
    }

    public static PeerBuffer Unavailable(string reason)
    {
        PeerBuffer buffer = Begin(PeerOutcome.Unavailable, 0);
        new PeerWriter(buffer).Text(reason);
        return buffer;
    }

    /// <summary>What a shard, where it is open, says of the whole: <see cref="Shard.Version"/>.</summary>
    public static PeerBuffer Done(Shard shard) => Begin(PeerOutcome.Done, shard.Version);
}
