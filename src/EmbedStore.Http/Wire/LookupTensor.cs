using EmbedStore.Serving;

namespace EmbedStore.Http;

/// <summary>The rows of a lookup, read from the shards while they are sent.</summary>
internal sealed class LookupTensor(string name, Lookup lookup) : AnswerTensor(name, lookup.Type, lookup.Shape)
{
    public override int UnitByteCount => Math.Max(lookup.EntryByteCount, 1);

    public override int RunByteCount => lookup.RunByteCount;

    public override ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellation) =>
        lookup.ReadAsync((int)(offset / UnitByteCount), destination.Length / UnitByteCount, destination, cancellation);
}
