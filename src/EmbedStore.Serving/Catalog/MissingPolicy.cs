namespace EmbedStore.Serving;

/// <summary>What a row that was never written, or was erased, reads as.</summary>
public enum MissingPolicy
{
    /// <summary>Zeros.</summary>
    Zeros,

    /// <summary>What the table's initializer makes of the row id.</summary>
    Initialize,

    /// <summary>An error that names the row.</summary>
    Error,
}
