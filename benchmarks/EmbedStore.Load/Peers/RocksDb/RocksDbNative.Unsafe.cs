// Invariant of every address in this file: what RocksDB gave is used until the call of this file that frees it, and never after; what it is given is pinned or
// allocated for the whole call. No address leaves this file.
using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace EmbedStore.Load;

/// <summary>RocksDB through its C library: one database, opened with a block cache of a given size, read in batches.</summary>
/// <remarks>Not thread-safe. Signatures: <c>rocksdb/c.h</c> of 7.8.</remarks>
internal sealed unsafe partial class RocksDbNative : IDisposable
{
    private const string Library = "librocksdb.so";
    private const string Package = "librocksdb-dev";
    private const int KeyByteCount = sizeof(long);
    private const double BloomBitsPerKey = 10;

    private static readonly string[] LibraryFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

    private readonly nint _options;
    private readonly nint _tableOptions;
    private readonly nint _cache;
    private readonly nint _readOptions;
    private readonly nint _writeOptions;
    private readonly nint _database;
    private readonly nint _family;
    private byte[] _keys = [];
    private nint[] _addresses = [];
    private nuint[] _lengths = [];
    private nint[] _values = [];
    private nint[] _errors = [];

    static RocksDbNative() => NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), static (name, _, _) => name == Library ? Loaded() : 0);

    /// <param name="folder">Of its files; empty.</param>
    /// <param name="cacheByteCount">Block cache, index and filter included. Unit: bytes.</param>
    /// <exception cref="PeerMissingException">It is not installed.</exception>
    public RocksDbNative(string folder, long cacheByteCount)
    {
        if (Loaded() == 0)
        {
            throw new PeerMissingException(Library, Package);
        }

        _cache = CacheCreate((nuint)cacheByteCount);
        _tableOptions = TableOptionsCreate();
        TableOptionsSetCache(_tableOptions, _cache);
        TableOptionsSetFilter(_tableOptions, FilterCreate(BloomBitsPerKey));
        TableOptionsSetCacheIndex(_tableOptions, 1);
        _options = OptionsCreate();
        OptionsSetCreate(_options, 1);
        OptionsSetCompression(_options, 0);
        OptionsSetTable(_options, _tableOptions);
        _readOptions = ReadOptionsCreate();
        _writeOptions = WriteOptionsCreate();
        WriteOptionsDisableLog(_writeOptions, 1);
        (_database, _family) = OpenDefault(_options, folder);
    }

    /// <summary>Name and version, or null when it is not installed.</summary>
    public static string? Version()
    {
        if (Find() is not { } file)
        {
            return null;
        }

        string target = new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.Name ?? Path.GetFileName(file);
        return "RocksDB " + target[(target.IndexOf(".so", StringComparison.Ordinal) + ".so".Length)..].TrimStart('.');
    }

    /// <summary>Writes a run of rows, without its log.</summary>
    public void Write(long first, ReadOnlySpan<byte> rows, int rowByteCount)
    {
        nint batch = WriteBatchCreate();
        byte* key = stackalloc byte[KeyByteCount];
        fixed (byte* values = rows)
        {
            for (int i = 0; i < rows.Length / rowByteCount; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(new Span<byte>(key, KeyByteCount), first + i);
                WriteBatchPut(batch, key, KeyByteCount, values + ((long)i * rowByteCount), (nuint)rowByteCount);
            }
        }

        nint error = 0;
        Write(_database, _writeOptions, batch, &error);
        WriteBatchDestroy(batch);
        Require(error);
    }

    /// <summary>Brings all rows into one sorted level: the best form to read.</summary>
    public void Compact() => CompactRange(_database, null, 0, null, 0);

    /// <summary>One batched MultiGet.</summary>
    /// <param name="ids">Shape [n], in rising order.</param>
    /// <param name="places">Shape [n]: where in <paramref name="rows"/> the row of each id goes.</param>
    /// <param name="rows">Shape [n, row bytes].</param>
    /// <exception cref="WrongAnswerException">A row is missing.</exception>
    public void Read(ReadOnlySpan<long> ids, ReadOnlySpan<int> places, Span<byte> rows, int rowByteCount)
    {
        if (_lengths.Length < ids.Length)
        {
            (_keys, _addresses, _lengths) = (new byte[ids.Length * KeyByteCount], new nint[ids.Length], new nuint[ids.Length]);
            (_values, _errors) = (new nint[ids.Length], new nint[ids.Length]);
        }

        fixed (byte* key = _keys)
        fixed (nint* address = _addresses, value = _values, error = _errors)
        fixed (nuint* length = _lengths)
        {
            for (int i = 0; i < ids.Length; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(_keys.AsSpan(i * KeyByteCount), ids[i]);
                (address[i], length[i]) = ((nint)(key + (i * KeyByteCount)), KeyByteCount);
            }

            MultiGet(_database, _readOptions, _family, (nuint)ids.Length, address, length, value, error, 1);
        }

        int missing = -1;
        for (int i = 0; i < ids.Length; i++)
        {
            missing = Copy(_values[i], rows.Slice(places[i] * rowByteCount, rowByteCount)) ? missing : i;
            Free(_errors[i]);
        }

        if (missing >= 0)
        {
            throw new WrongAnswerException($"RocksDB has no row {ids[missing]}.");
        }
    }

    public void Dispose()
    {
        FamilyDestroy(_family);
        Close(_database);
        OptionsDestroy(_options);
        TableOptionsDestroy(_tableOptions);
        CacheDestroy(_cache);
        ReadOptionsDestroy(_readOptions);
        WriteOptionsDestroy(_writeOptions);
    }

    /// <summary>Batched reads want the handle of a column family, and this is the one call that gives it.</summary>
    private static (nint Database, nint Family) OpenDefault(nint options, string folder)
    {
        nint error = 0;
        nint family;
        nint database;
        fixed (byte* name = "default\0"u8)
        {
            nint names = (nint)name;
            database = Open(options, folder, 1, &names, &options, &family, &error);
        }

        Require(error);
        return (database, family);
    }

    private static bool Copy(nint slice, Span<byte> row)
    {
        if (slice == 0)
        {
            return false;
        }

        nuint length;
        byte* bytes = SliceValue(slice, &length);
        bool fits = length == (nuint)row.Length;
        if (fits)
        {
            new ReadOnlySpan<byte>(bytes, row.Length).CopyTo(row);
        }

        SliceDestroy(slice);
        return fits;
    }

    private static void Require(nint error)
    {
        if (error != 0)
        {
            string message = Marshal.PtrToStringUTF8(error)!;
            Free(error);
            throw new WrongAnswerException("RocksDB: " + message);
        }
    }

    private static string? Find() => LibraryFolders.Where(Directory.Exists).SelectMany(static folder => Directory.EnumerateFiles(folder, Library + "*").Order()).FirstOrDefault();

    private static nint Loaded() => Find() is { } file && NativeLibrary.TryLoad(file, out nint handle) ? handle : 0;

    [LibraryImport(Library, EntryPoint = "rocksdb_cache_create_lru")]
    private static partial nint CacheCreate(nuint capacity);

    [LibraryImport(Library, EntryPoint = "rocksdb_cache_destroy")]
    private static partial void CacheDestroy(nint cache);

    [LibraryImport(Library, EntryPoint = "rocksdb_block_based_options_create")]
    private static partial nint TableOptionsCreate();

    [LibraryImport(Library, EntryPoint = "rocksdb_block_based_options_destroy")]
    private static partial void TableOptionsDestroy(nint options);

    [LibraryImport(Library, EntryPoint = "rocksdb_block_based_options_set_block_cache")]
    private static partial void TableOptionsSetCache(nint options, nint cache);

    [LibraryImport(Library, EntryPoint = "rocksdb_block_based_options_set_filter_policy")]
    private static partial void TableOptionsSetFilter(nint options, nint policy);

    [LibraryImport(Library, EntryPoint = "rocksdb_block_based_options_set_cache_index_and_filter_blocks")]
    private static partial void TableOptionsSetCacheIndex(nint options, byte on);

    [LibraryImport(Library, EntryPoint = "rocksdb_filterpolicy_create_bloom_full")]
    private static partial nint FilterCreate(double bitsPerKey);

    [LibraryImport(Library, EntryPoint = "rocksdb_options_create")]
    private static partial nint OptionsCreate();

    [LibraryImport(Library, EntryPoint = "rocksdb_options_destroy")]
    private static partial void OptionsDestroy(nint options);

    [LibraryImport(Library, EntryPoint = "rocksdb_options_set_create_if_missing")]
    private static partial void OptionsSetCreate(nint options, byte on);

    [LibraryImport(Library, EntryPoint = "rocksdb_options_set_compression")]
    private static partial void OptionsSetCompression(nint options, int kind);

    [LibraryImport(Library, EntryPoint = "rocksdb_options_set_block_based_table_factory")]
    private static partial void OptionsSetTable(nint options, nint tableOptions);

    [LibraryImport(Library, EntryPoint = "rocksdb_readoptions_create")]
    private static partial nint ReadOptionsCreate();

    [LibraryImport(Library, EntryPoint = "rocksdb_readoptions_destroy")]
    private static partial void ReadOptionsDestroy(nint options);

    [LibraryImport(Library, EntryPoint = "rocksdb_writeoptions_create")]
    private static partial nint WriteOptionsCreate();

    [LibraryImport(Library, EntryPoint = "rocksdb_writeoptions_destroy")]
    private static partial void WriteOptionsDestroy(nint options);

    [LibraryImport(Library, EntryPoint = "rocksdb_writeoptions_disable_WAL")]
    private static partial void WriteOptionsDisableLog(nint options, int on);

    [LibraryImport(Library, EntryPoint = "rocksdb_open_column_families", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(nint options, string folder, int familyCount, nint* names, nint* familyOptions, nint* families, nint* error);

    [LibraryImport(Library, EntryPoint = "rocksdb_close")]
    private static partial void Close(nint database);

    [LibraryImport(Library, EntryPoint = "rocksdb_column_family_handle_destroy")]
    private static partial void FamilyDestroy(nint family);

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_create")]
    private static partial nint WriteBatchCreate();

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_destroy")]
    private static partial void WriteBatchDestroy(nint batch);

    [LibraryImport(Library, EntryPoint = "rocksdb_writebatch_put")]
    private static partial void WriteBatchPut(nint batch, byte* key, nuint keyLength, byte* value, nuint valueLength);

    [LibraryImport(Library, EntryPoint = "rocksdb_write")]
    private static partial void Write(nint database, nint options, nint batch, nint* error);

    [LibraryImport(Library, EntryPoint = "rocksdb_compact_range")]
    private static partial void CompactRange(nint database, byte* first, nuint firstLength, byte* last, nuint lastLength);

    [LibraryImport(Library, EntryPoint = "rocksdb_batched_multi_get_cf")]
    private static partial void MultiGet(nint database, nint options, nint family, nuint count, nint* keys, nuint* keyLengths, nint* values, nint* errors, byte isSorted);

    [LibraryImport(Library, EntryPoint = "rocksdb_pinnableslice_value")]
    private static partial byte* SliceValue(nint slice, nuint* length);

    [LibraryImport(Library, EntryPoint = "rocksdb_pinnableslice_destroy")]
    private static partial void SliceDestroy(nint slice);

    [LibraryImport(Library, EntryPoint = "rocksdb_free")]
    private static partial void Free(nint address);
}
