using System.Buffers;
using System.Runtime.CompilerServices;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The arrays that one request works with, rented as it goes and given back together when its answer is out.</summary>
/// <remarks>Not thread-safe. Without a Dispose the arrays are left to the collector.</remarks>
public sealed class RequestMemory : ArraySource, IDisposable
{
    private readonly List<Action> _returns = [];

    /// <inheritdoc/>
    public override Memory<T> Rent<T>(int count)
    {
        if (count == 0)
        {
            return default;
        }

        T[] array = ArrayPool<T>.Shared.Rent(count);
        _returns.Add(() => ArrayPool<T>.Shared.Return(array, RuntimeHelpers.IsReferenceOrContainsReferences<T>()));
        return array.AsMemory(0, count);
    }

    /// <summary>Keeps something until the end of the request.</summary>
    public void Own(IDisposable part) => _returns.Add(part.Dispose);

    /// <summary>Gives everything back. Whoever still reads what was rented reads another request's data.</summary>
    public void Dispose()
    {
        foreach (Action giveBack in _returns)
        {
            giveBack();
        }

        _returns.Clear();
    }
}
