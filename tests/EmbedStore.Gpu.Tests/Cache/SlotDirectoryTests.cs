namespace EmbedStore.Gpu.Tests;

/// <summary>Which row is where: what is forgotten is not read, and what was on its way does not come back.</summary>
public sealed class SlotDirectoryTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Forget_SomeRows_KeepsTheOthersAndLetsInNothingThatWasMissedBefore(bool isDirect)
    {
        var directory = new SlotDirectory(64, isDirect);
        Array.ForEach((long[])[1, 2, 3, 4], rowId => directory.Settle(rowId, Ticket(directory, rowId, directory.Clock), version: 1));
        long before = directory.Clock;
        long onItsWay = Ticket(directory, 6, before);

        directory.Forget(static rowId => rowId % 2 == 0);
        directory.Settle(6, onItsWay, version: 1);
        Assert.Equal(-1, directory.Admit(8, before, out _));
        Assert.Equal([true, false, true, false, false], ((long[])[1, 2, 3, 4, 6]).Select(rowId => directory.Find(rowId, out _) >= 0));
        Assert.Equal(2, directory.ValidCount);

        directory.Settle(2, Ticket(directory, 2, directory.Clock), version: 5);
        Assert.True(directory.Find(2, out long version) >= 0);
        Assert.Equal(5, version);
    }

    private static long Ticket(SlotDirectory directory, long rowId, long clock)
    {
        Assert.True(directory.Admit(rowId, clock, out long ticket) >= 0);
        return ticket;
    }
}
