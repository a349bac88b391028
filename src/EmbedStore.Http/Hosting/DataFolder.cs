namespace EmbedStore.Http;

/// <summary>The folder of all tables.</summary>
public sealed class DataFolder : HeldFolder
{
    private DataFolder(string path, bool isShared)
        : base("EmbedStore:Data", path, isShared)
    {
    }

    /// <summary>Creates the folder when it is missing, and takes hold of it.</summary>
    /// <param name="path">A relative path counts from the current folder.</param>
    /// <param name="isShared">Other servers serve it too.</param>
    /// <exception cref="StartException">The folder cannot be written, or another server holds it.</exception>
    public static DataFolder Open(string path, bool isShared = false) => new(path, isShared);
}
