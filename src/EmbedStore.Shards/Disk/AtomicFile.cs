namespace EmbedStore.Shards;

/// <summary>Small files that are there whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>What an unfinished file is called, behind its name. Whoever owns the folder may delete such files when nobody writes.</summary>
    public const string UnfinishedSuffix = ".new";

    /// <summary>Writes a file beside its place, brings it to stable storage, and puts it in the place of what was there.</summary>
    public static void Write(IDisk disk, string path, ReadOnlySpan<byte> content)
    {
        string unfinished = path + UnfinishedSuffix;
        disk.Delete(unfinished);
        using (IDiskFile file = disk.Open(unfinished, create: true))
        {
            file.Write(content, 0);
            file.Flush();
        }

        disk.Rename(unfinished, path);
        disk.FlushFolder(Path.GetDirectoryName(path)!);
    }
}
