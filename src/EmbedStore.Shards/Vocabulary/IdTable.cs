using System.Numerics;
using System.Runtime.InteropServices;

namespace EmbedStore.Shards;

/// <summary>Two numbers for each of many ids, in memory: a place of 24 bytes each, a quarter to three quarters of the places taken.</summary>
/// <remarks>
/// Open addressing with linear probing. One thread adds and removes; any number look up and raise marks beside it. A place keeps its id until the array is
/// replaced, also when the id is removed: so a thread that found a place can do no harm there. What it raises in an array that is being replaced is lost.
/// </remarks>
internal sealed class IdTable
{
    private const int PlaceCountMin = 16;

    private Place[] _places = new Place[PlaceCountMin];

    /// <summary>Places that have an id, removed ones included.</summary>
    private int _usedCount;

    private int _count;

    /// <summary>Ids in the table.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Unit: bytes.</summary>
    public long ByteCount => Volatile.Read(ref _places).LongLength * Place.ByteCount;

    /// <summary>What so many ids take when none was removed. Unit: bytes.</summary>
    public static long ByteCountOf(long count)
    {
        long places = PlaceCountMin;
        while (count > places / 4 * 3)
        {
            places *= 2;
        }

        return places * Place.ByteCount;
    }

    /// <summary>What the table knows of an id. Any thread.</summary>
    /// <returns>Null when it is not there.</returns>
    public (long Mark, int Count)? Find(long id)
    {
        Place[] places = Volatile.Read(ref _places);
        int at = IndexOf(places, id);
        return at >= 0 && Volatile.Read(ref places[at].Count) is > 0 and int count ? (Volatile.Read(ref places[at].Mark), count) : null;
    }

    /// <summary>Raises what is known of an id that is there. Any thread: of calls at the same time one may be lost.</summary>
    /// <param name="id">Any.</param>
    /// <param name="mark">Taken when it is higher.</param>
    public void Raise(long id, long mark)
    {
        Place[] places = Volatile.Read(ref _places);
        int at = IndexOf(places, id);
        if (at >= 0 && Volatile.Read(ref places[at].Count) is > 0 and < int.MaxValue and int count)
        {
            RaiseMark(ref places[at], mark);

            // Removing sets the count to 0, and that must stay.
            Interlocked.CompareExchange(ref places[at].Count, count + 1, count);
        }
    }

    /// <summary>Raises what is known of an id, and adds it when it is not there.</summary>
    /// <param name="id">Any.</param>
    /// <param name="mark">Taken when it is higher.</param>
    /// <param name="count">Added. Above 0.</param>
    /// <returns>The count with it.</returns>
    public int Add(long id, long mark, int count)
    {
        int at = IndexOf(_places, id);
        if (at < 0)
        {
            at = Insert(id);
        }

        ref Place place = ref _places[at];
        if (place.Count == 0)
        {
            Volatile.Write(ref place.Mark, mark);
            _count++;
        }
        else
        {
            RaiseMark(ref place, mark);
        }

        int sum = (int)Math.Min((long)place.Count + count, int.MaxValue);
        Volatile.Write(ref place.Count, sum);
        return sum;
    }

    /// <returns>False when the id was not there.</returns>
    public bool Remove(long id)
    {
        int at = IndexOf(_places, id);
        if (at < 0 || _places[at].Count == 0)
        {
            return false;
        }

        RemoveAt(at);
        return true;
    }

    /// <summary>Removes the ids whose mark is not above <paramref name="mark"/>.</summary>
    public void RemoveTo(long mark)
    {
        for (int at = 0; at < _places.Length; at++)
        {
            if (_places[at].Count > 0 && _places[at].Mark <= mark)
            {
                RemoveAt(at);
            }
        }
    }

    /// <summary>All that is in the table, in no order. Any thread; of what changes meanwhile, as before or as after.</summary>
    public IEnumerable<(long Id, long Mark, int Count)> All()
    {
        for (Cursor cursor = Walk(); cursor.Next();)
        {
            yield return (cursor.Id, cursor.Mark, cursor.Count);
        }
    }

    /// <summary>As <see cref="All"/>, where it has to be fast.</summary>
    public Cursor Walk() => new(Volatile.Read(ref _places));

    private static void RaiseMark(ref Place place, long mark)
    {
        if (Volatile.Read(ref place.Mark) < mark)
        {
            Volatile.Write(ref place.Mark, mark);
        }
    }

    /// <returns>Place of the id, or -1.</returns>
    private static int IndexOf(Place[] places, long id)
    {
        for (int at = HomeOf(id, places.Length); Volatile.Read(ref places[at].IsTaken); at = (at + 1) & (places.Length - 1))
        {
            if (places[at].Id == id)
            {
                return at;
            }
        }

        return -1;
    }

    // The low bits: the high ones chose the shard, so here they are alike.
    private static int HomeOf(long id, int placeCount) => (int)(RowHash.Row(0, id) & (ulong)(placeCount - 1));

    private int Insert(long id)
    {
        if (_usedCount >= _places.Length / 4 * 3)
        {
            Rebuild();
        }

        _usedCount++;
        return Take(_places, id);
    }

    private static int Take(Place[] places, long id)
    {
        int at = HomeOf(id, places.Length);
        while (places[at].IsTaken)
        {
            at = (at + 1) & (places.Length - 1);
        }

        places[at].Id = id;
        Volatile.Write(ref places[at].IsTaken, true);
        return at;
    }

    private void RemoveAt(int at)
    {
        Interlocked.Exchange(ref _places[at].Count, 0);
        _count--;
    }

    /// <summary>Drops the places of removed ids, and leaves room for as many ids as there are.</summary>
    private void Rebuild()
    {
        var places = new Place[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(PlaceCountMin, 2L * (_count + 1)))];
        foreach ((long id, long mark, int count) in All())
        {
            ref Place place = ref places[Take(places, id)];
            (place.Mark, place.Count) = (mark, count);
        }

        _usedCount = _count;
        Volatile.Write(ref _places, places);
    }

    /// <summary>Walks over the ids of a table.</summary>
    internal struct Cursor
    {
        private readonly Place[] _places;
        private int _at;

        internal Cursor(Place[] places) => (_places, _at) = (places, -1);

        public readonly long Id => _places[_at].Id;

        public readonly long Mark => Volatile.Read(ref _places[_at].Mark);

        /// <summary>Above 0.</summary>
        public int Count { get; private set; }

        /// <returns>False behind the last one.</returns>
        public bool Next()
        {
            while (++_at < _places.Length)
            {
                // Taken first: behind it the id does not change.
                if (Volatile.Read(ref _places[_at].IsTaken) && Volatile.Read(ref _places[_at].Count) is > 0 and int count)
                {
                    Count = count;
                    return true;
                }
            }

            return false;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Place
    {
        public const int ByteCount = 24;

        public long Id;
        public long Mark;

        /// <summary>0: removed.</summary>
        public int Count;

        /// <summary>Never goes back.</summary>
        public bool IsTaken;
    }
}
