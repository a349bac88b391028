using System.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Shards.Tests;

/// <summary>Every test asks with a hash of four bits, so that keys collide everywhere.</summary>
public sealed class KeyDirectoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Directory_RandomWritesSomeOfThemTakenBack_KnowsWhatADictionaryKnows(int seed)
    {
        var random = new Random(seed);
        var directory = new KeyDirectory();
        var model = new Dictionary<string, long>();
        for (int step = 0; step < 400; step++)
        {
            string[] keys = RandomKeys(random, random.Next(1, 20));
            bool add = random.Next(4) > 0, keep = random.Next(3) > 0;
            long[] ids = Resolve(directory, keys, add);

            AssertIds(model, keys, ids);
            if (add && keep)
            {
                directory.Publish();
                Learn(model, keys, ids);
            }
            else
            {
                directory.RollBack();
            }
        }

        Assert.Equal(model.Count, directory.Count);
        Assert.Equal(model.Count, model.Values.Distinct().Count());
        Assert.All(model, known => Assert.Equal((true, known.Value), Find(directory, known.Key)));
        Assert.All(model, known => Assert.True(directory.TryGetKey(known.Value, out ReadOnlyMemory<byte> key) && Encoding.UTF8.GetString(key.Span) == known.Key));
        Assert.All(Enumerable.Range(0, 500), i => Assert.False(Find(directory, $"never {i}").Found));
    }

    /// <summary>What a snapshot writes and an opening reads: the first so many entries, whatever came later.</summary>
    [Fact]
    public void Entries_FirstThousand_MakeTheDirectoryThatItWasThen()
    {
        var random = new Random(4);
        var directory = new KeyDirectory();
        string[] early = [.. RandomKeys(random, 1500).Distinct().Take(1000)];
        long[] ids = Resolve(directory, early, add: true);
        directory.Publish();
        Resolve(directory, RandomKeys(random, 1000), add: true);
        directory.Publish();

        var copy = new KeyDirectory();
        foreach (KeyEntry entry in directory.Entries(early.Length))
        {
            Assert.True(copy.TryAdd(KeyEntry.IdOf(entry.Bytes.Span), entry.Bytes.Span[KeyEntry.HeadByteCount..]));
        }

        copy.Publish();
        Assert.Equal(early.Length, copy.Count);
        Assert.Equal(ids, early.Select(key => Find(copy, key).Id));
        Assert.Equal(directory.Entries(early.Length).Select(static entry => Convert.ToHexString(entry.Bytes.Span)), copy.Entries(early.Length).Select(static entry => Convert.ToHexString(entry.Bytes.Span)));
    }

    [Fact]
    public void TryAdd_IdOfAnotherKey_IsRefusedAndOfTheSameKeyIsNot()
    {
        var directory = new KeyDirectory();

        Assert.True(directory.TryAdd(7, "a"u8));
        Assert.True(directory.TryAdd(7, "a"u8));
        Assert.False(directory.TryAdd(7, "b"u8));
        directory.Publish();
        Assert.Equal(1, directory.Count);
    }

    [Fact]
    public void TryResolve_MoreKeysThanThereIsPlaceFor_AddsNoneOfThem()
    {
        var directory = new KeyDirectory(countMax: 3);
        Resolve(directory, ["a", "b"], add: true);
        directory.Publish();

        RowKeys keys = RowKeys.Of("b", "c", "d");
        Assert.False(directory.TryResolve(WeakIds(keys), keys, add: true, new long[3]));
        directory.Publish();
        Assert.Equal((2, false), (directory.Count, Find(directory, "c").Found));
        Resolve(directory, ["c", "a"], add: true);
        directory.Publish();
        Assert.Equal(3, directory.Count);
    }

    [Fact]
    public void TryResolve_KeyThatNobodyWrote_GetsAnIdThatNoKeyHas()
    {
        var directory = new KeyDirectory();
        long[] known = Resolve(directory, [.. Enumerable.Range(0, 100).Select(static i => $"known {i}")], add: true);
        directory.Publish();

        long[] unknown = Resolve(directory, [.. Enumerable.Range(0, 100).Select(static i => $"unknown {i}")], add: false);

        Assert.Empty(known.Intersect(unknown));
        Assert.Equal(100, directory.Count);
    }

    /// <summary>A reader sees what was published, with the id that it has for good, and never what was taken back.</summary>
    [Fact]
    public async Task TryFind_BesideAWriterThatTakesBackHalf_FindsWhatWasPublishedAndNothingElse()
    {
        const int KeyCount = 4000;
        var directory = new KeyDirectory();
        long[] ids = new long[KeyCount];
        int published = 0;
        void Add(int i)
        {
            Resolve(directory, [$"gone {i}"], add: true);
            directory.RollBack();
            ids[i] = Resolve(directory, [$"key {i}"], add: true)[0];
            directory.Publish();
            Volatile.Write(ref published, i + 1);
        }

        Add(0);
        Task[] readers = [.. Enumerable.Range(0, 3).Select(reader => Task.Run(() =>
        {
            var random = new Random(reader);
            while (Volatile.Read(ref published) < KeyCount)
            {
                int i = random.Next(Volatile.Read(ref published));
                Assert.Equal((true, ids[i]), Find(directory, $"key {i}"));
                Assert.False(Find(directory, $"gone {i}").Found);
            }
        }))];
        for (int i = 1; i < KeyCount; i++)
        {
            Add(i);
        }

        await Task.WhenAll(readers);
        Assert.Equal(KeyCount, directory.Count);
    }

    private static string[] RandomKeys(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => KeyOf(random.Next(3000)))];

    /// <summary>Short and long ones, so that chunks end everywhere.</summary>
    private static string KeyOf(int number) => $"key {number}".PadRight(number % 3 == 0 ? 250 : number % 40, 'ä');

    private static long[] WeakIds(RowKeys keys) => Array.ConvertAll(KeyHash.Of(keys), static id => id & 15);

    private static long[] Resolve(KeyDirectory directory, string[] texts, bool add)
    {
        RowKeys keys = RowKeys.Of(texts);
        long[] ids = new long[texts.Length];
        Assert.True(directory.TryResolve(WeakIds(keys), keys, add, ids));
        return ids;
    }

    private static (bool Found, long Id) Find(KeyDirectory directory, string text)
    {
        RowKeys keys = RowKeys.Of(text);
        return (directory.TryFind(WeakIds(keys)[0], keys[0], out long id), id);
    }

    private static void AssertIds(Dictionary<string, long> model, string[] keys, long[] ids)
    {
        Assert.Equal(keys.Distinct().Count(), keys.Zip(ids).Distinct().Count());
        foreach ((string key, long id) in keys.Zip(ids))
        {
            Assert.True(model.TryGetValue(key, out long known) ? known == id : !model.ContainsValue(id), $"{key} got {id}");
        }
    }

    private static void Learn(Dictionary<string, long> model, string[] keys, long[] ids)
    {
        foreach ((string key, long id) in keys.Zip(ids))
        {
            model[key] = id;
        }
    }
}
