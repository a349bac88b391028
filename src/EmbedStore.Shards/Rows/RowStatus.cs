using System.Diagnostics.CodeAnalysis;

namespace EmbedStore.Shards;

/// <summary>What a read found under a row id. Values go over the wire and never change.</summary>
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "One byte a row on the wire.")]
public enum RowStatus : byte
{
    /// <summary>The row was read.</summary>
    Found = 0,

    /// <summary>No write ever touched the row.</summary>
    NeverWritten = 1,

    /// <summary>The row's last write is longer ago than the table's time to live.</summary>
    Expired = 2,

    /// <summary>The row was updated too few times to be admitted.</summary>
    NotAdmitted = 3,

    /// <summary>The row had to make room for others.</summary>
    Evicted = 4,

    /// <summary>The row was erased and not written since.</summary>
    Erased = 5,
}
