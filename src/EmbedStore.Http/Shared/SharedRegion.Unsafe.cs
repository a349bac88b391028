// Invariant of the address in this file: it is the start of a mapping of _byteCount bytes, which stays until the region is disposed.
// The file keeps its length and its blocks meanwhile: they were allocated before it was mapped, and only this server may write to it.
using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace EmbedStore.Http;

/// <summary>Memory that a client on this host maps too: a file of which the client reads what the server wrote.</summary>
/// <remarks>One connection uses it, one answer at a time.</remarks>
internal sealed unsafe class SharedRegion : MemoryManager<byte>
{
    private const UnixFileMode Rights = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly int _byteCount;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private bool _isDisposed;

    /// <param name="path">Nothing is there yet.</param>
    /// <param name="byteCount">At least 1.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public SharedRegion(string path, int byteCount)
    {
        Path = path;
        _byteCount = byteCount;

        // Allocated now: a page that finds no room when it is first written to would end the process.
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            PreallocationSize = byteCount,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Rights;
        }

        var stream = new FileStream(path, options);
        try
        {
            stream.SetLength(byteCount);
            _file = MemoryMappedFile.CreateFromFile(stream, null, byteCount, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
            _view = _file.CreateViewAccessor(0, byteCount);
        }
        catch
        {
            // What is not given back here would be nobody's.
            stream.Dispose();
            File.Delete(path);
            throw;
        }

        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>What the client maps.</summary>
    public string Path { get; }

    /// <summary>Unit: bytes.</summary>
    public int ByteCount => _byteCount;

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new Span<byte>(_start, _byteCount);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_byteCount);
        return new MemoryHandle(_start + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
        // A mapping does not move.
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        File.Delete(Path);
    }
}
