using System.Diagnostics.CodeAnalysis;

namespace EmbedStore.Tensors;

/// <summary>Type of one tensor element. Members are named as safetensors names them; values are written to disk and never change.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The wire names them so.")]
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "One byte on disk.")]
public enum ElementType : byte
{
    /// <summary>IEEE binary32.</summary>
    F32 = 1,

    /// <summary>IEEE binary16.</summary>
    F16 = 2,

    /// <summary>The upper half of a binary32.</summary>
    BF16 = 3,

    /// <summary>IEEE binary64.</summary>
    F64 = 4,

    /// <summary>Signed, 8 bytes.</summary>
    I64 = 5,

    /// <summary>Signed, 4 bytes.</summary>
    I32 = 6,

    /// <summary>Signed, 2 bytes.</summary>
    I16 = 7,

    /// <summary>Signed, 1 byte.</summary>
    I8 = 8,

    /// <summary>Unsigned, 1 byte.</summary>
    U8 = 9,

    /// <summary>1 byte: zero is false, anything else true.</summary>
    Bool = 10,

    /// <summary>A string, of any length: only as the key of a row. No table stores it and no binary encoding has it; its tensors have <see cref="Tensor.Keys"/> instead of data.</summary>
    Str = 11,
}
