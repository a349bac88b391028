using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>An encoding that is not spoken here was asked for in Accept: 406 where the same in Content-Type is 415.</summary>
internal sealed class NotAcceptableException(EmbedStoreException refusal) : Exception(refusal.Message)
{
    public EmbedStoreException Refusal { get; } = refusal;
}
