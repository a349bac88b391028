namespace EmbedStore.Shards;

/// <summary>All that a shard asks of a file system. The physical one is <see cref="PhysicalDisk"/>; tests put failing and lying ones here.</summary>
/// <remarks>Paths are those of the operating system. Every member may throw <see cref="IOException"/>. Any number of threads.</remarks>
public interface IDisk
{
    /// <summary>Opens a file for reading and writing.</summary>
    /// <param name="path">Its folder exists.</param>
    /// <param name="create">True: the file must not exist and is made empty. False: it must exist.</param>
    IDiskFile Open(string path, bool create);

    /// <summary>Whether a file of this name exists. A disk that does not answer throws: no answer is not a no.</summary>
    bool FileExists(string path);

    /// <summary>Names of the files in a folder, without the folder, in ordinal order. Empty when there is no such folder.</summary>
    IReadOnlyList<string> FileNames(string folder);

    /// <summary>Gives a file another name, and replaces what had that name. Lasting only after <see cref="FlushFolder"/>.</summary>
    void Rename(string path, string newPath);

    /// <summary>Deletes a file; no error when there is none. Lasting only after <see cref="FlushFolder"/>.</summary>
    void Delete(string path);

    /// <summary>Makes a folder and its parents; no error when it exists.</summary>
    void CreateFolder(string path);

    /// <summary>Deletes a folder with everything in it; no error when there is none.</summary>
    void DeleteFolder(string path);

    /// <summary>Brings the names in a folder to stable storage: files made, renamed and deleted in it.</summary>
    void FlushFolder(string path);

    /// <summary>What a write into this folder may still use. Unit: bytes.</summary>
    long FreeByteCount(string folder);

    /// <summary>Holds the file <paramref name="path"/> against every other process and every other holder in this one, until disposed or until the process ends in any way.</summary>
    /// <returns>Null when somebody else holds it.</returns>
    IDisposable? TryLock(string path);
}

/// <summary>An open file. Positional, so there is no cursor to share.</summary>
/// <remarks>Every member may throw <see cref="IOException"/>; <see cref="DiskFullException"/> when the reason is known to be room. Any number of threads, one of which writes.</remarks>
public interface IDiskFile : IDisposable
{
    /// <summary>Unit: bytes.</summary>
    long Length { get; }

    /// <summary>Reads until <paramref name="destination"/> is full or the file ends.</summary>
    /// <returns>Bytes read.</returns>
    int Read(Span<byte> destination, long offset);

    /// <summary>Writes all of <paramref name="source"/>, and makes the file longer where needed. After an exception any part may have been written.</summary>
    void Write(ReadOnlySpan<byte> source, long offset);

    /// <summary>Cuts or extends (with zeros) the file.</summary>
    void SetLength(long length);

    /// <summary>Brings everything written so far to stable storage. After an exception nothing is known about it.</summary>
    void Flush();
}
