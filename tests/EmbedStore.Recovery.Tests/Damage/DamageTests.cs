using EmbedStore.Shards;
using EmbedStore.Shards.Tests;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>Every kind of file of a shard, damaged by chance: the shard opens with every acknowledged row right, or refuses and names file and byte. Never silently with fewer rows.</summary>
public sealed class DamageTests : IAsyncLifetime
{
    private const int SeedCount = 100;
    private const int SectorByteCount = 512;

    private readonly FaultyDisk _whole = new();

    /// <summary>What the rows were behind each version.</summary>
    private readonly Dictionary<long, float[]> _history = [];

    /// <summary>Two snapshots, a log that begins before the older one, segments behind the newer, and a clean end.</summary>
    public async Task InitializeAsync()
    {
        var random = new Random(TestSeed.Current);
        float[] rows = new float[TestShard.RowCount];
        await using Shard shard = await TestShard.OpenAsync(_whole);
        _history[0] = [.. rows];
        for (long snapshot = 0; snapshot < 3; snapshot++)
        {
            for (int i = 0; i < 60; i++)
            {
                Batch batch = TestShard.Draw(random);
                batch.ApplyTo(rows);
                long version = (await shard.WriteAsync(TestShard.WriteOf(batch), CancellationToken.None)).Version;
                _history[version] = [.. rows];
            }

            if (snapshot < 2)
            {
                await TestShard.SnapshotAsync(shard, snapshot + 1);
            }
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("log-", Harm.BitFlip)]
    [InlineData("log-", Harm.ZeroedSector)]
    [InlineData("log-", Harm.CutTail)]
    [InlineData("owner", Harm.BitFlip)]
    [InlineData("owner", Harm.ZeroedSector)]
    [InlineData("owner", Harm.CutTail)]
    [InlineData(".rows", Harm.BitFlip)]
    [InlineData(".rows", Harm.ZeroedSector)]
    [InlineData(".rows", Harm.CutTail)]
    [InlineData(".manifest", Harm.BitFlip)]
    [InlineData(".manifest", Harm.ZeroedSector)]
    [InlineData(".manifest", Harm.CutTail)]
    public async Task OpenAsync_DamagedFile_HasEveryRowOrRefusesWithFileAndByte(string kind, Harm harm)
    {
        int opened = 0;
        for (int seed = TestSeed.Current; seed < TestSeed.Current + SeedCount; seed++)
        {
            var random = new Random(seed);
            FaultyDisk disk = _whole.AfterPowerCut();
            string[] files = [.. disk.FileNames(TestShard.Folder).Where(name => name.Contains(kind, StringComparison.Ordinal))];
            string file = files[random.Next(files.Length)];
            string path = Path.Combine(TestShard.Folder, file);
            string what = $"{Damage(disk, path, harm, random)}; again with {TestSeed.Variable}={seed}";

            // The end of the last segment that is gone looks like one that was never written, so what is whole must be there and nothing else.
            bool mayBeShorter = harm == Harm.CutTail && file == files[^1] && kind == "log-";
            opened += await OpensAsync(disk, path, mayBeShorter, what) ? 1 : 0;
        }

        // Both ways out are met, where there are both: a snapshot that is lost may be replaced by the other, an owner record by nothing.
        Assert.InRange(opened, kind == "owner" ? 0 : 1, kind == "owner" ? 0 : SeedCount);
    }

    /// <summary>Mark and all: what is whole before the cut is there, and nothing else.</summary>
    [Fact]
    public async Task OpenAsync_LogCutAtEveryByteOfItsLastTwoRecords_HasWhatIsWhole()
    {
        FaultyDisk left = _whole.AfterPowerCut();
        long newest = _history.Keys.Max(), version = newest;
        while (version > newest - 2)
        {
            // The last segment may hold one record only; then the other is cut in the segment before.
            string path = Path.Combine(TestShard.Folder, left.FileNames(TestShard.Folder).Last(static name => name.StartsWith("log-", StringComparison.Ordinal)));
            for (int cut = left.ReadAll(path).Length; cut >= 0 && version > newest - 2; cut--)
            {
                FaultyDisk disk = left.AfterPowerCut();
                disk.Corrupt(path, bytes => bytes[..cut]);
                await using Shard shard = await TestShard.OpenAsync(disk);
                Assert.InRange(shard.Version, version - 1, version);
                version = shard.Version;
                Assert.True(TestShard.Read(shard).SequenceEqual(_history[version]), $"{path} cut to {cut} bytes, {TestSeed.Hint}");
            }

            left.Delete(path);
            left.FlushFolder(TestShard.Folder);
        }
    }

    /// <summary>With the last group marked, damage of any byte of it is told from an unfinished end; without, it cannot be.</summary>
    [Fact]
    public async Task OpenAsync_AnyBitOfTheLastGroupFlipped_RefusesOnceTheGroupIsMarked()
    {
        var disk = new FaultyDisk();
        Shard shard = await TestShard.OpenAsync(disk, TimeSpan.FromMilliseconds(1));
        await shard.WriteAsync(TestShard.WriteOf(new Batch(BatchKind.Assign, [1, 2, 3], 7)), CancellationToken.None);
        string path = Path.Combine(TestShard.Folder, disk.FileNames(TestShard.Folder).Single(static name => name.StartsWith("log-", StringComparison.Ordinal)));
        int length = disk.ReadAll(path).Length;

        // The mark comes without a further write.
        Assert.True(SpinWait.SpinUntil(() => disk.ReadAll(path).Length > length, ServerProgram.Patience), "no mark came");
        await shard.DisposeAsync();
        for (int at = 64; at < length; at++)
        {
            FaultyDisk damaged = disk.AfterPowerCut();
            damaged.FlipBit(path, at * 8);
            ShardDamagedException refusal = await Assert.ThrowsAsync<ShardDamagedException>(() => TestShard.OpenAsync(damaged));
            Assert.Equal((path, 64L), (refusal.File, refusal.ByteOffset));
        }
    }

    private async Task<bool> OpensAsync(FaultyDisk disk, string path, bool mayBeShorter, string what)
    {
        try
        {
            await using Shard shard = await TestShard.OpenAsync(disk);
            bool isRight = _history.TryGetValue(shard.Version, out float[]? expected) && TestShard.Read(shard).SequenceEqual(expected);
            Assert.True(isRight && (mayBeShorter || shard.Version == _history.Keys.Max()), $"{what}: opened with version {shard.Version} of {_history.Keys.Max()}, rows right: {isRight}");
            return true;
        }
        catch (ShardDamagedException refusal)
        {
            // A segment that was cut between two records is whole in itself: the one behind it says that records are missing before.
            bool namesTheNext = string.CompareOrdinal(refusal.File, path) > 0 && refusal.Message.Contains("the one before it ends with", StringComparison.Ordinal);
            Assert.True((refusal.File == path || namesTheNext) && refusal.ByteOffset >= 0, $"{what}: {refusal.Message}");
            return false;
        }
        catch (Exception other) when (other is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"{what}: {other.Message}", other);
        }
    }

    private static string Damage(FaultyDisk disk, string path, Harm harm, Random random)
    {
        int length = disk.ReadAll(path).Length;
        switch (harm)
        {
            case Harm.BitFlip:
                int bit = random.Next(length * 8);
                disk.FlipBit(path, bit);
                return $"bit {bit % 8} of byte {bit / 8} of {path} flipped";
            case Harm.ZeroedSector:
                int sector = random.Next((length + SectorByteCount - 1) / SectorByteCount);
                disk.Corrupt(path, bytes =>
                {
                    bytes.AsSpan(sector * SectorByteCount, Math.Min(SectorByteCount, bytes.Length - (sector * SectorByteCount))).Clear();
                    return bytes;
                });
                return $"sector {sector} of {path} zeroed";
            default:
                int cut = random.Next(length);
                disk.Corrupt(path, bytes => bytes[..cut]);
                return $"{path} cut to {cut} of {length} bytes";
        }
    }
}

/// <summary>What happens to a file.</summary>
public enum Harm
{
    BitFlip,
    ZeroedSector,
    CutTail,
}
