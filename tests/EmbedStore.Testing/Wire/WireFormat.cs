namespace EmbedStore.Testing;

/// <summary>How tensors travel: API section 1.</summary>
public enum WireFormat
{
    Json,
    Safetensors,
    Npy,
}
