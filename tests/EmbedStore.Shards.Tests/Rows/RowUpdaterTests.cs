using System.Runtime.InteropServices;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

public sealed class RowUpdaterTests
{
    /// <summary>Over rows that carry all or some of the records already, as a fuzzy snapshot leaves them, the log is applied again.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Apply_TheSameRecordsAgain_ChangesNothing(int replays)
    {
        using var rows = new RowStore(FourFloats, Options(new FaultyDisk()), "/scratch");
        var updater = new RowUpdater(FourFloats, rows, new ShardVocabulary(FourFloats, Options()));
        for (int replay = 0; replay <= replays; replay++)
        {
            for (int lsn = 1; lsn <= 10; lsn++)
            {
                long touched = Apply(updater, Accumulate([3, 4, 3, lsn], [.. Enumerable.Repeat(1f, 4 * Width)]), lsn);
                Assert.Equal(replay > 0, touched == 0);
            }
        }

        // Row 3 twice a record, once more by record 3; row 4 once, once more by record 4.
        Assert.Equal([21f, 11f, 1f], ReadFirsts(rows, 3, 4, 7));
        Assert.Equal(10, updater.LiveRowCount);
    }

    [Fact]
    public void Apply_RecordOlderThanOneOfItsRows_ChangesOnlyTheOthers()
    {
        using var rows = new RowStore(FourFloats, Options(new FaultyDisk()), "/scratch");
        var updater = new RowUpdater(FourFloats, rows, new ShardVocabulary(FourFloats, Options()));
        Apply(updater, Row(1, 5), lsn: 8);
        Apply(updater, Erase(2), lsn: 8);
        Assert.Equal(1, Apply(updater, Accumulate([1, 3], 1, 1, 1, 1, 1, 1, 1, 1), lsn: 7));
        Assert.Equal([5f, 1f], ReadFirsts(rows, 1, 3));
    }

    private static long Apply(RowUpdater updater, RowWrite write, long lsn)
    {
        byte[] payload = new byte[WritePayload.ByteCount(write)];
        WritePayload.Write(write, write.RowIds.Span, payload);
        Assert.True(WritePayload.TryRead(payload, FourFloats, out RowChange change));
        return updater.Apply(change, lsn, writtenAt: lsn, WriteTicks.AtOnce(lsn));
    }

    private static float[] ReadFirsts(RowStore rows, params long[] rowIds)
    {
        byte[] data = new byte[rowIds.Length * FourFloats.DataByteCount];
        rows.Read(rowIds, [], ReadRules.None, data, new RowStatus[rowIds.Length], Memory<long>.Empty);
        return [.. rowIds.Select((_, i) => MemoryMarshal.Cast<byte, float>(data)[i * Width])];
    }
}
