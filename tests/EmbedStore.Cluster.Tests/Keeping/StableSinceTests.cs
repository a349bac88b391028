namespace EmbedStore.Cluster.Tests;

public sealed class StableSinceTests
{
    [Fact]
    public void Of_ListThatChanges_BeginsAnew()
    {
        var clock = new ManualClock();
        var stable = new StableSince<string>(clock);
        Assert.Equal(TimeSpan.Zero, stable.Of(["a"]));
        clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(4), stable.Of(["a"]));
        Assert.Equal(TimeSpan.Zero, stable.Of(["a", "b"]));
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), stable.Of(["a", "b"]));
    }
}
