namespace EmbedStore.Serving;

/// <summary>What a row that is missing reads as, for whatever reason.</summary>
public enum MissingPolicy
{
    /// <summary>Zeros.</summary>
    Zeros,

    /// <summary>What the table's initializer makes of the row id.</summary>
    Initialize,

    /// <summary>An error that names the row.</summary>
    Error,
}
