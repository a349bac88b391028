namespace EmbedStore.Shards.Tests;

public sealed class IdTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void IdTable_RandomOperations_DoesWhatADictionaryDoes(int seed)
    {
        var random = new Random(seed);
        var table = new IdTable();
        var model = new Dictionary<long, (long Mark, int Count)>();
        for (int step = 0; step < 200_000; step++)
        {
            long id = random.Next(2) == 0 ? random.Next(2000) : -random.Next(50) * 0x1_0000_0001L;
            switch (random.Next(10))
            {
                case < 4:
                    (long mark, int count) = model.GetValueOrDefault(id);
                    model[id] = (Math.Max(mark, step), count + 2);
                    Assert.Equal(count + 2, table.Add(id, step, 2));
                    break;
                case < 7:
                    Assert.Equal(model.Remove(id), table.Remove(id));
                    break;
                case < 9:
                    table.Raise(id, step);
                    if (model.TryGetValue(id, out (long Mark, int Count) known))
                    {
                        model[id] = (step, known.Count + 1);
                    }

                    break;
                default:
                    Assert.Equal(model.TryGetValue(id, out known) ? known : null, table.Find(id));
                    break;
            }

            if (step % 50_000 == 49_999)
            {
                table.RemoveTo(step - 5000);
                model = model.Where(pair => pair.Value.Mark > step - 5000).ToDictionary();
            }

            Assert.Equal(model.Count, table.Count);
        }

        Assert.Equal(model.Select(static pair => (pair.Key, pair.Value.Mark, pair.Value.Count)).Order(), table.All().Order());
        Assert.InRange(table.ByteCount, 24L * table.Count, 24L * 4096);
    }

    /// <summary>Whatever readers do beside it, what the one writer says is there is there, and what it removed is not.</summary>
    [Fact]
    public async Task Raise_BesideTheWriter_NeitherBringsBackNorLosesAnId()
    {
        const int IdCount = 500, Rounds = 400;
        var table = new IdTable();
        using var stop = new CancellationTokenSource();
        Task reader = Task.Run(() =>
        {
            for (long tick = 1; !stop.IsCancellationRequested; tick++)
            {
                table.Raise(tick % IdCount, tick);
            }
        });
        for (int round = 0; round < Rounds; round++)
        {
            for (int id = 0; id < IdCount; id++)
            {
                table.Add(id, 0, 1);
            }

            Assert.Equal(Enumerable.Range(0, IdCount).Select(static id => (long)id), table.All().Select(static entry => entry.Id).Order());
            for (int id = 0; id < IdCount; id++)
            {
                Assert.True(table.Remove(id));
            }

            Assert.Empty(table.All());
        }

        await stop.CancelAsync();
        await reader;
    }
}
