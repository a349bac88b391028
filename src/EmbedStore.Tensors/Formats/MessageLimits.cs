using System.Text;

namespace EmbedStore.Tensors;

/// <summary>What one message of named tensors may hold, in any encoding.</summary>
public static class MessageLimits
{
    /// <summary>Unit: tensors.</summary>
    public const int TensorCountMax = 1024;

    /// <summary>Longest name of a tensor. Unit: bytes of UTF-8.</summary>
    public const int NameByteCountMax = 256;

    /// <summary>A name that no tensor has: safetensors keeps its metadata there.</summary>
    public const string ReservedName = SafetensorsDeclaration.MetadataKey;

    /// <summary>Refuses a name that is too long, or one tensor too many.</summary>
    internal static void Check(string name, int countBefore, long offset)
    {
        int byteCount = Encoding.UTF8.GetByteCount(name);
        if (byteCount > NameByteCountMax)
        {
            throw Malformed.At(offset, $"A tensor name has {byteCount} bytes; at most {NameByteCountMax} are allowed.");
        }

        if (countBefore >= TensorCountMax)
        {
            throw Malformed.At(offset, $"Tensor '{name}' is one too many; at most {TensorCountMax} are allowed.");
        }
    }
}
