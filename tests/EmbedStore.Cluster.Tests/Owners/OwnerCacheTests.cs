using EmbedStore.Serving;

namespace EmbedStore.Cluster.Tests;

public sealed class OwnerCacheTests
{
    private static readonly PeerServer A = new("a", new Uri("http://127.0.0.1:1"), IsHere: false);
    private static readonly PeerServer B = new("b", new Uri("http://127.0.0.1:2"), IsHere: false);

    private readonly HashSet<PeerServer> _gone = [];
    private readonly Queue<TaskCompletionSource<PeerServer>> _answers = new();
    private readonly OwnerCache<int> _cache;
    private int _questionCount;

    public OwnerCacheTests() => _cache = new OwnerCache<int>(
        _ =>
        {
            _questionCount++;
            return _answers.Dequeue().Task;
        },
        server => !_gone.Contains(server));

    [Fact]
    public async Task FindAsync_ManyAtOnce_ShareOneQuestion()
    {
        TaskCompletionSource<PeerServer> answer = Expect();
        Task<PeerServer>[] finds = [.. Enumerable.Range(0, 100).Select(_ => _cache.FindAsync(1, default).AsTask())];
        answer.SetResult(A);

        Assert.All(await Task.WhenAll(finds), static server => Assert.Same(A, server));
        Assert.Same(A, await _cache.FindAsync(1, default));
        Assert.Equal(1, _questionCount);
    }

    [Fact]
    public async Task FindAsync_QuestionFailed_TellsAllWhoWaitedAndAsksTheNextTime()
    {
        TaskCompletionSource<PeerServer> answer = Expect();
        Task<PeerServer>[] finds = [_cache.FindAsync(1, default).AsTask(), _cache.FindAsync(1, default).AsTask()];
        answer.SetException(new OwnerUnknownException("none"));
        foreach (Task<PeerServer> find in finds)
        {
            await Assert.ThrowsAsync<OwnerUnknownException>(() => find);
        }

        Expect().SetResult(B);
        Assert.Same(B, await _cache.FindAsync(1, default));
    }

    [Fact]
    public async Task FindAsync_OneWaiterGivesUp_TheOthersGetTheirAnswer()
    {
        TaskCompletionSource<PeerServer> answer = Expect();
        using var gaveUp = new CancellationTokenSource();
        Task<PeerServer> first = _cache.FindAsync(1, gaveUp.Token).AsTask();
        Task<PeerServer> second = _cache.FindAsync(1, default).AsTask();
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answer.SetResult(A);

        Assert.Same(A, await second);
    }

    [Fact]
    public async Task FindAsync_ServerIsGone_AsksAgain()
    {
        Expect().SetResult(A);
        Assert.Same(A, await _cache.FindAsync(1, default));
        _gone.Add(A);
        Expect().SetResult(B);

        Assert.Same(B, await _cache.FindAsync(1, default));
    }

    [Fact]
    public async Task Forget_AnAnswerThatWasReplaced_KeepsTheNewOne()
    {
        Expect().SetResult(A);
        await _cache.FindAsync(1, default);
        _cache.Forget(1, B);
        Assert.Same(A, await _cache.FindAsync(1, default));

        _cache.Forget(1, A with { });
        Expect().SetResult(B);
        Assert.Same(B, await _cache.FindAsync(1, default));
        _cache.Forget(1, A);
        Assert.Same(B, await _cache.FindAsync(1, default));
        Assert.Equal(2, _questionCount);
    }

    private TaskCompletionSource<PeerServer> Expect()
    {
        var answer = new TaskCompletionSource<PeerServer>();
        _answers.Enqueue(answer);
        return answer;
    }
}
