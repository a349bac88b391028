using System.Threading.Channels;

namespace EmbedStore.Serving;

/// <summary>How many threads search tables at once, over all requests: as many as there are cores. A search waits for its first, and takes more while nobody else does.</summary>
/// <remarks>Searches also step aside between blocks, see <see cref="NearestWorker{T}"/>, so that short calls get their turn. Thread-safe.</remarks>
internal sealed class ScanGate
{
    private readonly Channel<byte> _places = Channel.CreateUnbounded<byte>();

    public ScanGate() => Leave(Environment.ProcessorCount);

    /// <summary>Waits for one place, and takes what else is free.</summary>
    /// <param name="placeCountMax">At least 1.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Places taken, at least 1.</returns>
    public async ValueTask<int> EnterAsync(int placeCountMax, CancellationToken cancellation)
    {
        await _places.Reader.ReadAsync(cancellation);
        int count = 1;
        while (count < placeCountMax && _places.Reader.TryRead(out _))
        {
            count++;
        }

        return count;
    }

    /// <summary>Gives places back.</summary>
    public void Leave(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _places.Writer.TryWrite(0);
        }
    }
}
