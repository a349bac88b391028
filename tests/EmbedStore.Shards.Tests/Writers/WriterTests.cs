namespace EmbedStore.Shards.Tests.Writers;

public class WriterTests
{
    [Fact]
    public async Task WriteAsync_SameSequenceAgain_IsAcknowledgedAndNotApplied()
    {
        using var folder = new TemporaryFolder();
        await using Shard shard = await Shards.OpenAsync(folder);
        await shard.WriteAsync(Stamped(1, 1, 5));

        WriteReceipt again = await shard.WriteAsync(Stamped(1, 1, 5));

        Assert.Equal(WriteOutcome.Duplicate, again.Outcome);
        Assert.Equal(5, shard.Firsts(7)[0]);
        Assert.Equal(1, shard.Version);
    }

    [Fact]
    public async Task WriteAsync_SameSequenceAfterReopen_IsAcknowledgedAndNotApplied()
    {
        using var folder = new TemporaryFolder();
        await using (Shard shard = await Shards.OpenAsync(folder))
        {
            await shard.WriteAsync(Stamped(3, 1, 5));
            await shard.WriteAsync(Stamped(3, 2, 5));
        }

        await using Shard reopened = await Shards.OpenAsync(folder);
        Assert.Equal(WriteOutcome.Duplicate, (await reopened.WriteAsync(Stamped(3, 2, 5))).Outcome);
        Assert.Equal(10, reopened.Firsts(7)[0]);
        WriterState state = reopened.WriterState("trainer")!;
        Assert.Equal((3, 2), (state.Epoch, state.Sequence));
        Assert.Equal([0, 2], state.Parts);
    }

    [Fact]
    public async Task WriteAsync_LowerEpochThanSeen_IsFencedAndKeepsNothing()
    {
        using var folder = new TemporaryFolder();
        await using Shard shard = await Shards.OpenAsync(folder);
        await shard.WriteAsync(Stamped(2, 1, 5));

        Assert.Equal(WriteOutcome.Fenced, (await shard.WriteAsync(Stamped(1, 2, 5))).Outcome);
        Assert.Equal(5, shard.Firsts(7)[0]);
    }

    /// <summary>Retries that race: the queue brings several copies of one write into what would be one group.</summary>
    [Fact]
    public async Task WriteAsync_ManyCopiesAtOnce_AppliesOneOfEach()
    {
        using var folder = new TemporaryFolder();
        await using Shard shard = await Shards.OpenAsync(folder);
        for (int sequence = 1; sequence <= 50; sequence++)
        {
            WriteReceipt[] receipts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shard.WriteAsync(Stamped(0, sequence, 1))));
            Assert.Equal(1, receipts.Count(receipt => receipt.Outcome == WriteOutcome.Committed));
            Assert.Equal(7, receipts.Count(receipt => receipt.Outcome == WriteOutcome.Duplicate));
        }

        Assert.Equal(50, shard.Firsts(7)[0]);
    }

    [Fact]
    public async Task WriteAsync_StampWithoutRows_IsRemembered()
    {
        using var folder = new TemporaryFolder();
        await using (Shard shard = await Shards.OpenAsync(folder))
        {
            await shard.WriteAsync(new RowWrite { Kind = RowWriteKind.Erase, RowIds = default, Writer = new WriterStamp("trainer", 0, 1, [0]) });
        }

        await using Shard reopened = await Shards.OpenAsync(folder);
        Assert.Equal(1, reopened.WriterState("trainer")!.Sequence);
        Assert.Null(reopened.WriterState("other"));
    }

    [Theory]
    [InlineData("", 0, 1)]
    [InlineData("w", -1, 1)]
    [InlineData("w", 0, 0)]
    public async Task WriteAsync_StampOutOfRange_IsRefusedAtTheDoor(string name, long epoch, long sequence)
    {
        using var folder = new TemporaryFolder();
        await using Shard shard = await Shards.OpenAsync(folder);
        var write = new RowWrite { Kind = RowWriteKind.Erase, RowIds = default, Writer = new WriterStamp(name, epoch, sequence, [0]) };
        await Assert.ThrowsAsync<ArgumentException>(() => shard.WriteAsync(write));
    }

    private static RowWrite Stamped(long epoch, long sequence, float value)
    {
        RowWrite plain = Shards.Accumulate([7], value, value, value, value);
        return new RowWrite
        {
            Kind = plain.Kind,
            RowIds = plain.RowIds,
            Columns = plain.Columns,
            Values = plain.Values,
            Writer = new WriterStamp("trainer", epoch, sequence, [0, 2]),
        };
    }
}
