namespace EmbedStore.Serving.Tests.Gather;

public sealed class SpareCoresTests
{
    private const int CoreCount = 4;
    private const int PartCount = 1000;

    [Fact]
    public void Run_ManyParts_RunsEachOnce()
    {
        var cores = new SpareCores(CoreCount);
        int[] runs = new int[PartCount];

        cores.Run(PartCount, part => Interlocked.Increment(ref runs[part]));

        Assert.All(runs, static count => Assert.Equal(1, count));
    }

    [Fact]
    public void Run_TwoPartsThatNeedEachOther_HasAThreadForEach()
    {
        var cores = new SpareCores(CoreCount);
        using var both = new Barrier(2);

        // The last part is not of the two: helpers come for some parts each.
        cores.Run(PartCount, part => Assert.True(part > 1 || both.SignalAndWait(TimeSpan.FromSeconds(60))));
    }

    [Fact]
    public void Run_InsideTheOnlySpareCore_RunsAllHere()
    {
        var cores = new SpareCores(2);
        var threads = new HashSet<int>();

        cores.Run(1, _ => cores.Run(PartCount, _ =>
        {
            lock (threads)
            {
                threads.Add(Environment.CurrentManagedThreadId);
            }
        }));

        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void Run_PartsThatFail_ThrowsWhatTheLowestThrewAfterAllHaveRun()
    {
        var cores = new SpareCores(CoreCount);
        int runCount = 0;

        var error = Assert.Throws<InvalidOperationException>(() => cores.Run(PartCount, part =>
        {
            Interlocked.Increment(ref runCount);
            if (part % 100 == 50)
            {
                throw new InvalidOperationException($"part {part}");
            }
        }));

        Assert.Equal(("part 50", PartCount), (error.Message, runCount));
    }

    [Theory]
    [InlineData(1, 1L << 30, 1)]
    [InlineData(2, (512 * 1024) - 1, 1)]
    [InlineData(2, 512 * 1024, 4)]
    [InlineData(2, 1L << 40, 16)]
    public void PartCountOf_Bytes_IsOneForFewAndBoundedForMany(int coreCount, long byteCount, int expected) =>
        Assert.Equal(expected, new SpareCores(coreCount).PartCountOf(byteCount));
}
