using System.Buffers;

namespace EmbedStore.Serving;

/// <summary>Numbers the distinct ids of a request 0, 1, 2, ... in the order in which they come, and finds an id's number again.</summary>
/// <remarks>Rents its memory; dispose it once. Filled by one thread, then read by any number.</remarks>
internal sealed class UniqueIds : IDisposable
{
    private const int Free = -1;

    private readonly long[] _ids;
    private readonly int[] _places;
    private readonly int _mask;

    /// <param name="idCountMax">Ids that will be added at most, repeats included.</param>
    public UniqueIds(int idCountMax)
    {
        // At most half full, so that a search ends soon.
        _mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(idCountMax, 8) * 2) - 1;
        _ids = ArrayPool<long>.Shared.Rent(Math.Max(idCountMax, 1));
        _places = ArrayPool<int>.Shared.Rent(_mask + 1);
        _places.AsSpan(0, _mask + 1).Fill(Free);
    }

    /// <summary>Distinct ids so far.</summary>
    public int Count { get; private set; }

    /// <summary>Shape [<see cref="Count"/>]: the distinct ids, by number.</summary>
    public ReadOnlyMemory<long> Ids => _ids.AsMemory(0, Count);

    /// <summary>Adds ids; those that are there keep their number.</summary>
    public void Add(ReadOnlySpan<long> ids)
    {
        foreach (long id in ids)
        {
            int place = PlaceOf(id);
            if (_places[place] == Free)
            {
                _places[place] = Count;
                _ids[Count++] = id;
            }
        }
    }

    /// <summary>Number of an id that was added.</summary>
    public int NumberOf(long id) => _places[PlaceOf(id)];

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<long>.Shared.Return(_ids);
        ArrayPool<int>.Shared.Return(_places);
    }

    /// <summary>Where the id stands, or the free place where it would.</summary>
    private int PlaceOf(long id)
    {
        int place = IdHash.Of(id) & _mask;
        while (_places[place] is int number && number != Free && _ids[number] != id)
        {
            place = (place + 1) & _mask;
        }

        return place;
    }
}
