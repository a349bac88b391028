using System.Collections.Concurrent;
using EmbedStore.Serving;

namespace EmbedStore.Cluster;

/// <summary>Answers about owners, kept until they are forgotten or their server is gone. Callers that ask the same at once share one question.</summary>
/// <param name="ask">Asks. Its failures are not kept.</param>
/// <param name="isLive">Whether an answer can still be true.</param>
/// <remarks>Thread-safe.</remarks>
internal sealed class OwnerCache<TKey>(Func<TKey, Task<PeerServer>> ask, Func<PeerServer, bool> isLive)
    where TKey : notnull
{
    /// <summary>Answers that are kept; with one more all are asked for anew.</summary>
    public const int CountMax = 1 << 20;

    private readonly ConcurrentDictionary<TKey, Task<PeerServer>> _answers = new();

    /// <summary>The owner.</summary>
    /// <exception cref="OwnerUnknownException">Asking failed.</exception>
    public ValueTask<PeerServer> FindAsync(TKey key, CancellationToken cancellation)
    {
        if (!_answers.TryGetValue(key, out Task<PeerServer>? answer))
        {
            answer = Ask(key);
        }
        else if (answer.IsCompletedSuccessfully && !isLive(answer.Result))
        {
            Remove(key, answer);
            answer = Ask(key);
        }

        return answer.IsCompletedSuccessfully ? new ValueTask<PeerServer>(answer.Result) : new ValueTask<PeerServer>(answer.WaitAsync(cancellation));
    }

    /// <summary>Drops this answer; a newer one stays.</summary>
    public void Forget(TKey key, PeerServer server)
    {
        if (_answers.TryGetValue(key, out Task<PeerServer>? answer) && answer.IsCompletedSuccessfully && answer.Result == server)
        {
            Remove(key, answer);
        }
    }

    private Task<PeerServer> Ask(TKey key)
    {
        if (_answers.Count >= CountMax)
        {
            _answers.Clear();
        }

        // The question belongs to all who wait for it, so no single one of them can end it.
        var question = new TaskCompletionSource<PeerServer>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<PeerServer> shared = _answers.GetOrAdd(key, question.Task);
        if (ReferenceEquals(shared, question.Task))
        {
            _ = AnswerAsync(key, question);
        }

        return shared;
    }

    private async Task AnswerAsync(TKey key, TaskCompletionSource<PeerServer> question)
    {
        try
        {
            question.SetResult(await ask(key));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Remove(key, question.Task);
            question.SetException(failure);
        }
    }

    private void Remove(TKey key, Task<PeerServer> answer) => _answers.TryRemove(KeyValuePair.Create(key, answer));
}
