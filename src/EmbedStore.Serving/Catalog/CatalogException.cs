namespace EmbedStore.Serving;

/// <summary>The data folder cannot be served. The message names the file and the reason; nothing was changed.</summary>
public sealed class CatalogException : Exception
{
    internal CatalogException(string message)
        : base(message)
    {
    }
}
