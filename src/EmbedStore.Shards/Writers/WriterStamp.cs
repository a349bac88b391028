using System.Text;

namespace EmbedStore.Shards;

/// <summary>Who sends a write, and which of theirs it is: what makes a retry harmless.</summary>
/// <param name="Name">Not empty, at most <see cref="NameByteCountMax"/> bytes of UTF-8.</param>
/// <param name="Epoch">A writer with a lower one than was seen is refused. At least 0.</param>
/// <param name="Sequence">1, 2, 3, ... per table.</param>
/// <param name="Parts">Numbers of all shards that the request writes to, this one included: the request is whole once each of them has it.</param>
/// <remarks>Immutable.</remarks>
public sealed record WriterStamp(string Name, long Epoch, long Sequence, IReadOnlyList<ushort> Parts)
{
    /// <summary>Longest name. Unit: bytes of UTF-8.</summary>
    public const int NameByteCountMax = 256;

    /// <summary>The name in the log.</summary>
    internal byte[] NameBytes { get; } = Encoding.UTF8.GetBytes(Name);

    /// <exception cref="ArgumentException">A part is outside its range.</exception>
    internal void Check()
    {
        if (NameBytes.Length is 0 or > NameByteCountMax || Epoch < 0 || Sequence < 1)
        {
            throw new ArgumentException($"A writer has a name of 1 to {NameByteCountMax} bytes, an epoch of at least 0 and a sequence of at least 1.");
        }
    }
}
