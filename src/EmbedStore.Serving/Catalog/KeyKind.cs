using System.Diagnostics.CodeAnalysis;

namespace EmbedStore.Serving;

/// <summary>What names a row of an open vocabulary.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The wire names them so.")]
public enum KeyKind
{
    /// <summary>An integer of 64 bits.</summary>
    Int64,

    /// <summary>A string: see <see cref="Tensors.RowKeys"/>.</summary>
    String,
}
