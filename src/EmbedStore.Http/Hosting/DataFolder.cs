namespace EmbedStore.Http;

/// <summary>The folder of all tables.</summary>
public sealed class DataFolder : HeldFolder
{
    private DataFolder(string path)
        : base("EmbedStore:Data", path)
    {
    }

    /// <summary>Creates the folder when it is missing, and takes hold of it.</summary>
    /// <param name="path">A relative path counts from the current folder.</param>
    /// <exception cref="StartException">The folder cannot be written, or another server holds it.</exception>
    public static DataFolder Open(string path) => new(path);
}
