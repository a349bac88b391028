namespace EmbedStore.Load;

/// <summary>Cuts a batch into commands and says which to send and which answer to read next, so that the peer works while its answers are read.</summary>
/// <param name="length">Ids of the batch.</param>
/// <param name="step">Ids of a command.</param>
/// <remarks>Only so many are on their way that they fit the socket's buffers: else both sides could wait for each other.</remarks>
internal struct Window(int length, int step)
{
    /// <summary>Commands on their way at once.</summary>
    private const int CommandCount = 16;

    private int _sent;
    private int _read;

    /// <summary>The next thing to do, until all answers are read.</summary>
    /// <param name="run">Ids of the command.</param>
    /// <param name="isAnswer">Read its answer; else send it.</param>
    public bool Next(out Range run, out bool isAnswer)
    {
        isAnswer = _sent >= Math.Min(length, _read + (CommandCount * step));
        ref int first = ref _sent;
        if (isAnswer)
        {
            first = ref _read;
        }

        int end = Math.Min(length, first + step);
        (run, first) = (first..end, end);
        return !run.Start.Equals(run.End);
    }
}
