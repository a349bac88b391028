using System.Buffers.Binary;
using EmbedStore.Tensors;

namespace EmbedStore.Shards;

/// <summary>Which row id each key of a shard has: every key that was ever written, also when its row is gone.</summary>
/// <remarks>
/// <para>A key asks for an id, its hash, and gets it, or the next one up that no other key has: so no two keys share a row, whatever their hashes. It keeps it for good.</para>
/// <para>Keys lie one behind the other in chunks, in the order in which they came; a table with open addressing finds them by id. Bytes are never moved.</para>
/// <para>One thread writes. What it adds is its own until <see cref="Publish"/>; any number of threads read what was published, and never wait.</para>
/// </remarks>
internal sealed class KeyDirectory
{
    /// <summary>Keys of one shard, half a billion: beyond it a write with a new key is refused. Unit: keys.</summary>
    public const long CountMax = 1L << 29;

    /// <summary>Memory for keys of one shard. Unit: bytes.</summary>
    public const long ArenaByteCountMax = 1L << 39;

    /// <summary>How far from the id that it asks for a key may end up. Unit: ids.</summary>
    public const int DisplacementMax = ushort.MaxValue;

    /// <summary>Keys lie in pieces of this size. Unit: bytes.</summary>
    private const int ChunkByteCount = 1 << 16;

    private const int SlotCountMin = 64;
    private const int LocationBits = 40;
    private const long LocationMask = (1L << LocationBits) - 1;

    // Not 0, which is an empty slot.
    private const long FirstLocation = 8;

    private readonly long _countMax;
    private readonly List<long> _unpublished = [];
    private volatile Map _map = new(new long[SlotCountMin], new byte[1][]);
    private long _count;
    private long _end = FirstLocation;
    private long _publishedCount;
    private long _publishedEnd = FirstLocation;
    private long _byteCount = SlotCountMin * sizeof(long);

    /// <param name="countMax">At most <see cref="CountMax"/>; fewer for tests.</param>
    public KeyDirectory(long countMax = CountMax) => _countMax = countMax;

    /// <summary>Keys that readers see.</summary>
    public long Count => Volatile.Read(ref _publishedCount);

    /// <summary>Memory that is taken. Unit: bytes.</summary>
    public long ByteCount => Volatile.Read(ref _byteCount);

    /// <summary>Finds a key's row id.</summary>
    /// <param name="askedId">The id that the key asks for: always the same one.</param>
    /// <param name="key">Any bytes.</param>
    /// <param name="id">The key's id; of a key that is not known, one that no known key has.</param>
    /// <returns>False when no published write has the key.</returns>
    public bool TryFind(long askedId, ReadOnlySpan<byte> key, out long id)
    {
        // In this order: the map is then at least as new as the end, and has all that lies before it.
        long end = Volatile.Read(ref _publishedEnd);
        return TryFind(_map, end, askedId, key, out id);
    }

    /// <summary>The key of a row.</summary>
    /// <returns>False when no published key has the id.</returns>
    public bool TryGetKey(long id, out ReadOnlyMemory<byte> key)
    {
        long end = Volatile.Read(ref _publishedEnd);
        Map map = _map;
        long location = Find(map, end, id);
        key = location == 0 ? default : map.At(location)[KeyEntry.HeadByteCount..];
        return location != 0;
    }

    /// <summary>Ids for the keys of a write. The writer's.</summary>
    /// <param name="askedIds">Shape [n].</param>
    /// <param name="keys">Shape [n]; repeats are fine.</param>
    /// <param name="add">Keys that are not known become known. Otherwise they get an id without a row, each for itself.</param>
    /// <param name="ids">Shape [n].</param>
    /// <returns>False when there is no place for all of them; then none was added.</returns>
    public bool TryResolve(ReadOnlySpan<long> askedIds, RowKeys keys, bool add, Span<long> ids)
    {
        int before = _unpublished.Count;
        for (int i = 0; i < ids.Length; i++)
        {
            ReadOnlySpan<byte> key = keys[i];
            if (!TryFind(_map, _end, askedIds[i], key, out ids[i]) && add && !TryAppend(askedIds[i], ids[i], key))
            {
                RollBack(before);
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes over a key with the id that it got before: of a snapshot, or of a log record. Keys come in the order in which they were added. The writer's.</summary>
    /// <returns>False when another key has the id.</returns>
    public bool TryAdd(long id, ReadOnlySpan<byte> key)
    {
        long location = Find(_map, _end, id);
        return location == 0 ? TryAppend(id, id, key) : _map.KeyAt(location).SequenceEqual(key);
    }

    /// <summary>Shows readers what was added. The writer's.</summary>
    public void Publish()
    {
        _unpublished.Clear();
        Volatile.Write(ref _publishedEnd, _end);
        Volatile.Write(ref _publishedCount, _count);
    }

    /// <summary>Forgets what was added and not published. The writer's.</summary>
    public void RollBack() => RollBack(0);

    /// <summary>The first <paramref name="count"/> keys, in the order in which they were added. Beside writes, at any time.</summary>
    /// <param name="count">At most <see cref="Count"/>.</param>
    public IEnumerable<KeyEntry> Entries(long count)
    {
        Map map = _map;
        long location = FirstLocation;
        for (long i = 0; i < count; i++)
        {
            location = map.EntryFrom(location);
            var entry = new KeyEntry(map.At(location));
            yield return entry;
            location += entry.Bytes.Length;
        }
    }

    private static bool TryFind(Map map, long end, long askedId, ReadOnlySpan<byte> key, out long id)
    {
        for (id = askedId; ; id = unchecked(id + 1))
        {
            long location = Find(map, end, id);
            if (location == 0 || map.KeyAt(location).SequenceEqual(key))
            {
                return location != 0;
            }
        }
    }

    /// <returns>Where the key with an id lies, or 0.</returns>
    private static long Find(Map map, long end, long id)
    {
        ulong hash = HashOf(id);
        for (int at = map.PlaceOf(hash); ; at = map.After(at))
        {
            long slot = Volatile.Read(ref map.Slots[at]);
            if (slot == 0)
            {
                return 0;
            }

            // What lies behind the end may be taken back and overwritten: it is not looked at.
            long location = slot & LocationMask;
            if ((slot & ~LocationMask) == TagOf(hash) && location < end && map.IdAt(location) == id)
            {
                return location;
            }
        }
    }

    private bool TryAppend(long askedId, long id, ReadOnlySpan<byte> key)
    {
        int byteCount = KeyEntry.HeadByteCount + key.Length;
        if (_count >= _countMax || _end + ChunkByteCount + byteCount > ArenaByteCountMax || unchecked((ulong)(id - askedId)) > DisplacementMax)
        {
            return false;
        }

        long location = Reserve(byteCount);
        KeyEntry.Write(id, key, _map.To(location));
        _end = location + byteCount;
        _count++;
        if (_count * 4 > _map.Slots.LongLength * 3)
        {
            Grow();
        }
        else
        {
            Insert(_map, id, location);
        }

        _unpublished.Add(location);
        return true;
    }

    /// <summary>Place at the end, in a chunk that is there and has it whole.</summary>
    private long Reserve(int byteCount)
    {
        long location = _end;
        int within = (int)(location % ChunkByteCount);
        if (within != 0 && within + byteCount > ChunkByteCount)
        {
            if (within + KeyEntry.HeadByteCount <= ChunkByteCount)
            {
                KeyEntry.WriteNone(_map.To(location));
            }

            location = NextChunk(location);
        }

        int chunk = (int)(location / ChunkByteCount);
        if (chunk == _map.Chunks.Length)
        {
            byte[][] chunks = _map.Chunks;
            Array.Resize(ref chunks, 2 * chunk);
            _map = new Map(_map.Slots, chunks);
        }

        if (_map.Chunks[chunk] is null)
        {
            _map.Chunks[chunk] = new byte[ChunkByteCount];
            Volatile.Write(ref _byteCount, _byteCount + ChunkByteCount);
        }

        return location;
    }

    private void Grow()
    {
        var larger = new Map(new long[_map.Slots.Length * 2], _map.Chunks);
        long location = FirstLocation;
        for (long i = 0; i < _count; i++)
        {
            location = larger.EntryFrom(location);
            Insert(larger, larger.IdAt(location), location);
            location += larger.EntryByteCountAt(location);
        }

        Volatile.Write(ref _byteCount, _byteCount + ((larger.Slots.LongLength - _map.Slots.LongLength) * sizeof(long)));
        _map = larger;
    }

    private static void Insert(Map map, long id, long location)
    {
        ulong hash = HashOf(id);
        int at = map.PlaceOf(hash);
        while (map.Slots[at] != 0)
        {
            at = map.After(at);
        }

        Volatile.Write(ref map.Slots[at], TagOf(hash) | location);
    }

    /// <summary>Takes back the newest first: then no slot is emptied that another key was sent past.</summary>
    private void RollBack(int unpublishedCount)
    {
        for (int i = _unpublished.Count - 1; i >= unpublishedCount; i--)
        {
            long location = _unpublished[i];
            ulong hash = HashOf(_map.IdAt(location));
            int at = _map.PlaceOf(hash);
            while (_map.Slots[at] != (TagOf(hash) | location))
            {
                at = _map.After(at);
            }

            Volatile.Write(ref _map.Slots[at], 0);
            _end = location;
            _count--;
        }

        _unpublished.RemoveRange(unpublishedCount, _unpublished.Count - unpublishedCount);
    }

    private static ulong HashOf(long id) => unchecked((ulong)id * 0x9E3779B97F4A7C15);

    private static long TagOf(ulong hash) => unchecked((long)(hash << LocationBits));

    private static long NextChunk(long location) => ((location / ChunkByteCount) + 1) * ChunkByteCount;

    /// <summary>What readers see at once. Slots: 24 bits of the id's hash, 40 bits of location; 0 is empty.</summary>
    private sealed class Map(long[] slots, byte[][] chunks)
    {
        private readonly int _shift = 64 - System.Numerics.BitOperations.Log2((ulong)slots.LongLength);

        public long[] Slots { get; } = slots;

        public byte[][] Chunks { get; } = chunks;

        public int PlaceOf(ulong hash) => (int)(hash >> _shift);

        public int After(int place) => (place + 1) & (Slots.Length - 1);

        /// <summary>Where an entry lies that comes next: here, or in the next chunk where this one ends before its last byte.</summary>
        public long EntryFrom(long location)
        {
            int within = (int)(location % ChunkByteCount);
            bool isEntry = within == 0 || (within + KeyEntry.HeadByteCount <= ChunkByteCount && EntryByteCountAt(location) > KeyEntry.HeadByteCount);
            return isEntry ? location : NextChunk(location);
        }

        public long IdAt(long location) => KeyEntry.IdOf(From(location));

        public int EntryByteCountAt(long location) => KeyEntry.ByteCountOf(From(location));

        public ReadOnlySpan<byte> KeyAt(long location)
        {
            ReadOnlySpan<byte> entry = From(location);
            return entry[KeyEntry.HeadByteCount..KeyEntry.ByteCountOf(entry)];
        }

        public ReadOnlyMemory<byte> At(long location) =>
            Chunks[location / ChunkByteCount].AsMemory((int)(location % ChunkByteCount), EntryByteCountAt(location));

        public Span<byte> To(long location) => Chunks[location / ChunkByteCount].AsSpan((int)(location % ChunkByteCount));

        private ReadOnlySpan<byte> From(long location) => To(location);
    }
}

/// <summary>A key with its row id, as it lies in memory and in snapshots: id i64, length u16, key.</summary>
/// <param name="Bytes">The whole entry.</param>
internal readonly record struct KeyEntry(ReadOnlyMemory<byte> Bytes)
{
    public const int HeadByteCount = sizeof(long) + sizeof(ushort);

    public static long IdOf(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64LittleEndian(entry);

    public static int ByteCountOf(ReadOnlySpan<byte> entry) => HeadByteCount + BinaryPrimitives.ReadUInt16LittleEndian(entry[sizeof(long)..]);

    public static void Write(long id, ReadOnlySpan<byte> key, Span<byte> target)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target, id);
        BinaryPrimitives.WriteUInt16LittleEndian(target[sizeof(long)..], (ushort)key.Length);
        key.CopyTo(target[HeadByteCount..]);
    }

    /// <summary>No key is empty: an entry with an empty one says that the next begins elsewhere.</summary>
    public static void WriteNone(Span<byte> target) => target[..HeadByteCount].Clear();
}
