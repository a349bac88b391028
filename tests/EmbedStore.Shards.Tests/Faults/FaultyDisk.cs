namespace EmbedStore.Shards.Tests;

/// <summary>A disk in memory that forgets what was not flushed when the power goes, and fails when told to.</summary>
/// <remarks>A name lasts only after its folder was flushed, content only after the file was. Any number of threads.</remarks>
internal sealed class FaultyDisk : IDisk
{
    private const int SectorByteCount = 512;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Content> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Content> _lastingNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);

    /// <summary>What may still be written before the disk is full. Unit: bytes.</summary>
    public long FreeBytes { get; set; } = 1L << 40;

    /// <summary>What <see cref="FreeByteCount"/> answers instead of the truth, or null.</summary>
    public long? ClaimedFreeBytes { get; set; }

    /// <summary>Paths whose writes fail with an error of the device.</summary>
    public Func<string, bool> FailWrite { get; set; } = _ => false;

    /// <summary>Paths whose flushes fail.</summary>
    public Func<string, bool> FailFlush { get; set; } = _ => false;

    /// <summary>Paths whose flushes say yes and do nothing.</summary>
    public Func<string, bool> LieAboutFlush { get; set; } = _ => false;

    /// <summary>Paths whose cuts fail.</summary>
    public Func<string, bool> FailSetLength { get; set; } = _ => false;

    /// <summary>The disk as it is after the power went: only what was flushed, and of the rest whichever sectors <paramref name="torn"/> picks (none when null).</summary>
    public FaultyDisk AfterPowerCut(Random? torn = null)
    {
        lock (_gate)
        {
            var after = new FaultyDisk();
            foreach ((string path, Content content) in _lastingNames)
            {
                Content copy = content.AfterPowerCut(torn);
                after._names[path] = copy;
                after._lastingNames[path] = copy;
            }

            return after;
        }
    }

    /// <summary>Changes bytes behind everybody's back.</summary>
    public void Corrupt(string path, Func<byte[], byte[]> change)
    {
        lock (_gate)
        {
            Content content = Find(path);
            content.Set(change(content.ToArray()));
        }
    }

    /// <summary>As <see cref="Corrupt"/>; bit 8 is the lowest one of byte 1.</summary>
    public void FlipBit(string path, int bit) => Corrupt(path, bytes =>
    {
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        return bytes;
    });

    public byte[] ReadAll(string path)
    {
        lock (_gate)
        {
            return Find(path).ToArray();
        }
    }

    public IDiskFile Open(string path, bool create)
    {
        lock (_gate)
        {
            if (create && !_names.TryAdd(path, new Content()))
            {
                throw new IOException($"{path} exists.");
            }

            return new OpenFile(this, path, Find(path));
        }
    }

    public bool FileExists(string path)
    {
        lock (_gate)
        {
            return _names.ContainsKey(path);
        }
    }

    public IReadOnlyList<string> FileNames(string folder)
    {
        lock (_gate)
        {
            return [.. _names.Keys.Where(path => Path.GetDirectoryName(path) == folder).Select(path => Path.GetFileName(path))];
        }
    }

    public void Rename(string path, string newPath)
    {
        lock (_gate)
        {
            _names[newPath] = Find(path);
            _names.Remove(path);
        }
    }

    public void Delete(string path)
    {
        lock (_gate)
        {
            FreeBytes += _names.Remove(path, out Content? content) ? content.Length : 0;
        }
    }

    public void CreateFolder(string path)
    {
    }

    public void DeleteFolder(string path)
    {
        lock (_gate)
        {
            foreach (string name in _names.Keys.Where(name => Path.GetDirectoryName(name) == path).ToList())
            {
                _names.Remove(name);
            }
        }
    }

    public void FlushFolder(string path)
    {
        lock (_gate)
        {
            if (FailFlush(path))
            {
                throw new IOException($"fsync of {path} failed.");
            }

            foreach (string name in _lastingNames.Keys.Where(name => Path.GetDirectoryName(name) == path).ToList())
            {
                _lastingNames.Remove(name);
            }

            foreach ((string name, Content content) in _names.Where(pair => Path.GetDirectoryName(pair.Key) == path))
            {
                _lastingNames[name] = content;
            }
        }
    }

    public long FreeByteCount(string folder) => ClaimedFreeBytes ?? FreeBytes;

    public IDisposable? TryLock(string path)
    {
        lock (_gate)
        {
            return _locks.Add(path) ? new Held(this, path) : null;
        }
    }

    private Content Find(string path) => _names.TryGetValue(path, out Content? content) ? content : throw new FileNotFoundException(path);

    private sealed class Held(FaultyDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._gate)
            {
                disk._locks.Remove(path);
            }
        }
    }

    private sealed class OpenFile(FaultyDisk disk, string path, Content content) : IDiskFile
    {
        public long Length
        {
            get
            {
                lock (disk._gate)
                {
                    return content.Length;
                }
            }
        }

        public int Read(Span<byte> destination, long offset)
        {
            lock (disk._gate)
            {
                return content.Read(destination, offset);
            }
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            lock (disk._gate)
            {
                if (disk.FailWrite(path))
                {
                    content.Write(source[..(source.Length / 2)], offset);
                    throw new IOException($"Write to {path} failed.");
                }

                if (source.Length > disk.FreeBytes)
                {
                    content.Write(source[..(int)disk.FreeBytes], offset);
                    throw new DiskFullException(path);
                }

                disk.FreeBytes -= source.Length;
                content.Write(source, offset);
            }
        }

        public void SetLength(long length)
        {
            lock (disk._gate)
            {
                if (disk.FailSetLength(path))
                {
                    throw new IOException($"Cutting {path} failed.");
                }

                content.SetLength(length);
            }
        }

        public void Flush()
        {
            lock (disk._gate)
            {
                if (disk.FailFlush(path))
                {
                    throw new IOException($"fsync of {path} failed.");
                }

                if (!disk.LieAboutFlush(path))
                {
                    content.Flush();
                }
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class Content
    {
        private byte[] _now = [];
        private int _length;
        private byte[] _lasting = [];

        public long Length => _length;

        public byte[] ToArray() => _now[.._length];

        public void Set(byte[] bytes) => (_now, _length, _lasting) = (bytes, bytes.Length, bytes.ToArray());

        public int Read(Span<byte> destination, long offset)
        {
            int count = (int)Math.Clamp(_length - offset, 0, destination.Length);
            _now.AsSpan((int)Math.Min(offset, _length), count).CopyTo(destination);
            return count;
        }

        public void Write(ReadOnlySpan<byte> source, long offset)
        {
            SetLength(Math.Max(_length, offset + source.Length));
            source.CopyTo(_now.AsSpan((int)offset));
        }

        public void SetLength(long length)
        {
            if (length > _now.Length)
            {
                Array.Resize(ref _now, (int)Math.Max(length, 2L * _now.Length));
            }

            _now.AsSpan(Math.Min(_length, (int)length)).Clear();
            _length = (int)length;
        }

        public void Flush() => _lasting = ToArray();

        public Content AfterPowerCut(Random? torn)
        {
            var after = new Content();
            byte[] now = ToArray();
            byte[] bytes = _lasting;
            if (torn is not null && !now.AsSpan().SequenceEqual(_lasting))
            {
                // The length may have made it without the bytes, and each sector by itself.
                bytes = new byte[torn.Next(Math.Min(_lasting.Length, now.Length), Math.Max(_lasting.Length, now.Length) + 1)];
                for (int start = 0; start < bytes.Length; start += SectorByteCount)
                {
                    byte[] source = torn.Next(2) == 0 ? now : _lasting;
                    int count = Math.Clamp(source.Length - start, 0, Math.Min(SectorByteCount, bytes.Length - start));
                    source.AsSpan(Math.Min(start, source.Length), count).CopyTo(bytes.AsSpan(start));
                }
            }

            after.Set(bytes);
            return after;
        }
    }
}
