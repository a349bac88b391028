namespace EmbedStore.Serving;

/// <summary>Files that rows can come from.</summary>
public enum ImportFormat
{
    /// <summary>One array of the table's shape.</summary>
    Npy,

    /// <summary><c>rows</c> of the table's shape; or <c>ids</c> [n] and <c>rows</c> [n, K]; with keys, <c>keys</c> [n, L] instead of ids.</summary>
    Safetensors,

    /// <summary>Lines of <c>key value value ...</c>, after an optional first line <c>count width</c> as word2vec writes it.</summary>
    Text,
}
