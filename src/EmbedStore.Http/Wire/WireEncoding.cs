namespace EmbedStore.Http;

/// <summary>How tensors travel: API section 1.</summary>
internal enum WireEncoding
{
    Json,
    Safetensors,
    Npy,
}
