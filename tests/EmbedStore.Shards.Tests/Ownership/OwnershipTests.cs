using static EmbedStore.Shards.Tests.Owners;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>Claims: who owns a shard whose folder several servers share, and what the one before may still do.</summary>
public sealed class OwnershipTests
{
    private const int RowCount = 3;
    private const int StopCount = 16;

    [Fact]
    public async Task Open_WhileAnotherHasItOpen_FencesThatOneForGood()
    {
        var owners = new Owners(new FaultyDisk());
        await using Shard first = await owners.OpenAsync(name: "a");
        await first.WriteAsync(Add(RowCount));
        await using Shard second = await owners.OpenAsync(name: "b");
        Assert.Equal((1L, 2L, false), (first.OwnerEpoch, second.OwnerEpoch, first.IsFenced));

        Assert.Equal(new WriteReceipt(WriteOutcome.NotOwner, 1, 0), await first.WriteAsync(Add(RowCount)));
        Assert.Equal((true, false, false), (first.IsFenced, first.AcceptsWrites, first.ConfirmOwner()));
        Assert.Equal(1, Sum(first, RowCount));
        ShardClaimedException e = await Assert.ThrowsAsync<ShardClaimedException>(() => first.BeginSnapshotAsync(1, CancellationToken.None));
        Assert.Equal((Folder, 2L, "b", $"The shard in {Folder} belongs to owner 2 (b)."), (e.Folder, e.Epoch, e.Owner, e.Message));

        // What it wrote too late is in its file, and nowhere else.
        Assert.Equal((1f, WriteOutcome.Committed), (Sum(second, RowCount), (await second.WriteAsync(Add(RowCount))).Outcome));
        await using Shard third = await owners.OpenAsync();
        Assert.Equal((3L, 2f, WriteOutcome.NotOwner), (third.OwnerEpoch, Sum(third, RowCount), (await second.WriteAsync(Add(RowCount))).Outcome));
        Assert.Equal(WriteOutcome.NotOwner, (await first.WriteAsync(Add(RowCount))).Outcome);
    }

    [Fact]
    public async Task Open_OnRealFilesWhileAnotherHasThemOpen_TakesOver()
    {
        using var folder = new TemporaryFolder();
        async Task<Shard> OpenAsync(string scratch) => await Shard.OpenAsync(
            folder.Log, Path.Combine(folder.Path, scratch), FourFloats, new ShardOptions { Ownership = ShardOwnership.Epoch, OwnerName = scratch, ReserveByteCount = 0 }, CancellationToken.None);
        await using Shard first = await OpenAsync("first");
        Assert.Equal(WriteOutcome.Committed, (await first.WriteAsync(Row(1, 1))).Outcome);
        await first.SnapshotAsync(1);
        Assert.Equal(WriteOutcome.Committed, (await first.WriteAsync(Row(2, 2))).Outcome);
        await using Shard second = await OpenAsync("second");
        Assert.Equal([WriteOutcome.NotOwner, WriteOutcome.Committed], [(await first.WriteAsync(Row(3, 3))).Outcome, (await second.WriteAsync(Row(4, 4))).Outcome]);
        Assert.Equal("second", (await Assert.ThrowsAsync<ShardClaimedException>(() => first.SnapshotAsync(2))).Owner);
        await second.SnapshotAsync(2);
        await using Shard third = await OpenAsync("third");
        Assert.Equal([1, 2, float.NaN, 4], third.Firsts(1, 2, 3, 4));
    }

    /// <summary>All that a shard does by itself: a purge of expired rows, an eviction, a mark, a flush, its close.</summary>
    [Fact]
    public async Task FencedShard_WhateverItDoesByItself_ChangesNothingInTheFolder()
    {
        var time = new ManualTime();
        var format = new RowFormat(Tensors.ElementType.F32, Width) { TimeToLiveMilliseconds = 1000 };
        var owners = new Owners(new FaultyDisk());
        var through = new SteppedDisk(owners.Disk, Folder);
        Shard first = await owners.OpenAsync(through, durability: Durability.Interval, time: time, format: format, markDelay: TimeSpan.FromMilliseconds(100));
        await first.WriteAsync(Add(RowCount));
        await first.SnapshotAsync(1);
        await first.WriteAsync(Add(RowCount));
        ShardSnapshot begun = await first.BeginSnapshotAsync(2, CancellationToken.None);
        await begun.EndAsync();
        await using Shard second = await owners.OpenAsync(time: time, format: format);

        var changes = new List<string>();
        through.Before = (operation, path) =>
        {
            if (operation is "Create" or nameof(IDiskFile.Write) or nameof(IDiskFile.SetLength) or nameof(IDisk.Rename) or nameof(IDisk.Delete))
            {
                changes.Add($"{operation} {path}");
            }
        };
        await Assert.ThrowsAsync<ShardClaimedException>(begun.SaveAsync);
        await begun.DisposeAsync();
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0, await first.PurgeAsync());
        Assert.Equal(WriteOutcome.NotOwner, (await first.WriteAsync(new RowWrite { Kind = RowWriteKind.Evict, RowIds = new long[] { 0 }, Bound = 1 })).Outcome);
        Assert.Equal(WriteOutcome.NotOwner, (await first.WriteAsync(Erase(1))).Outcome);
        time.Advance(TimeSpan.FromHours(2));
        await first.DisposeAsync();
        Assert.Empty(changes);
    }

    [Fact]
    public async Task DisposeAsync_OfAFencedShardThatDoesNotKnow_WritesNoMark()
    {
        var owners = new Owners(new FaultyDisk());
        Shard first = await owners.OpenAsync();
        await first.WriteAsync(Add(RowCount));
        string segment = Path.Combine(Folder, owners.Disk.FileNames(Folder).Single(LogFormat.IsSegmentName));
        byte[] before = owners.Disk.ReadAll(segment);
        await using Shard second = await owners.OpenAsync();
        await first.DisposeAsync();
        Assert.Equal(before, owners.Disk.ReadAll(segment));
        Assert.Equal(1, Sum(second, RowCount));
    }

    [Fact]
    public async Task DisposeAsync_LeavesNothingToWriteAgain()
    {
        var owners = new Owners(new FaultyDisk());
        Shard first = await owners.OpenAsync(durability: Durability.None);
        await first.WriteAsync(Add(RowCount));
        await first.DisposeAsync();
        await using Shard second = await owners.OpenAsync();
        Assert.Equal((1f, 1), (Sum(second, RowCount), second.Statistics.SegmentCount));
        Assert.Equal(0, second.Statistics.CutByteCount);
    }

    /// <summary>Both make the shard, each stopped at each step of its claim.</summary>
    [Fact]
    public async Task Open_ByTwoAtOnce_OneWins()
    {
        for (int round = 0; round < StopCount * StopCount; round++)
        {
            (int stop, int otherStop) = Math.DivRem(round, StopCount);
            var owners = new Owners(new FaultyDisk());
            var gate = new StepGate();
            gate.Allow(stop);
            Task<Shard> one = Beside(() => owners.OpenAsync(new SteppedDisk(owners.Disk, Folder) { Before = gate.Enter }, name: "one"));
            gate.WaitFor(one);
            var otherGate = new StepGate();
            otherGate.Allow(otherStop);
            Task<Shard> other = Beside(() => owners.OpenAsync(new SteppedDisk(owners.Disk, Folder) { Before = otherGate.Enter }, name: "other"));
            otherGate.WaitFor(other);
            gate.Open();
            otherGate.Open();
            Shard?[] opened = [await OrNull(one), await OrNull(other)];
            WriteOutcome[] outcomes = await Task.WhenAll(opened.OfType<Shard>().Select(async shard => (await shard.WriteAsync(Add(RowCount))).Outcome));
            // Both may have opened it, one after the other; and a write may be acknowledged before the other's claim.
            Assert.Contains(WriteOutcome.Committed, outcomes);
            Assert.All(outcomes, outcome => Assert.True(outcome is WriteOutcome.Committed or WriteOutcome.NotOwner));
            Assert.Distinct(opened.OfType<Shard>().Select(static shard => shard.OwnerEpoch));
            foreach (Shard shard in opened.OfType<Shard>())
            {
                await shard.DisposeAsync();
            }

            await using Shard last = await owners.OpenAsync();
            Assert.InRange(Sum(last, RowCount), outcomes.Count(static outcome => outcome == WriteOutcome.Committed), outcomes.Length);
        }
    }

    private static async Task<Shard?> OrNull(Task<Shard> opening)
    {
        try
        {
            return await opening;
        }
        catch (ShardClaimedException e)
        {
            Assert.True(e.Epoch > 0);
            return null;
        }
    }

    [Fact]
    public async Task Open_OverAnUnfinishedClaim_PassesItOver()
    {
        var owners = new Owners(new FaultyDisk());
        Shard first = await owners.OpenAsync();
        await first.WriteAsync(Add(RowCount));
        owners.Disk.FailWrite = path => path.EndsWith("owner-000000000002", StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(() => owners.OpenAsync());
        await using Shard third = await owners.OpenAsync();
        Assert.Equal((3L, 1f), (third.OwnerEpoch, Sum(third, RowCount)));
        Assert.Equal(WriteOutcome.NotOwner, (await first.WriteAsync(Add(RowCount))).Outcome);
        await first.DisposeAsync();
    }

    [Fact]
    public async Task Open_FirstOfAllWithAnUnfinishedClaim_PassesItOver()
    {
        var owners = new Owners(new FaultyDisk());
        owners.Disk.FailWrite = path => path.EndsWith("owner-000000000001", StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(() => owners.OpenAsync());
        await using Shard second = await owners.OpenAsync();
        Assert.Equal(WriteOutcome.Committed, (await second.WriteAsync(Add(RowCount))).Outcome);
    }

    /// <summary>The next claim's file is gone by then, because so many came behind it.</summary>
    [Fact]
    public async Task Write_OfAnOwnerThatSleptThroughThousandsOfClaims_IsNotOwner()
    {
        var owners = new Owners(new FaultyDisk());
        await using Shard first = await owners.OpenAsync();
        await first.WriteAsync(Add(RowCount));
        for (int epoch = 2; epoch < 2000; epoch++)
        {
            owners.Disk.Open($"{Folder}/owner-{epoch:D12}", create: true).Dispose();
        }

        await using Shard last = await owners.OpenAsync();
        List<string> claims = [.. owners.Disk.FileNames(Folder).Where(static name => name.StartsWith("owner-", StringComparison.Ordinal))];
        Assert.Equal((2000L, 1024, "owner-000000000977"), (last.OwnerEpoch, claims.Count, claims[0]));
        Assert.Equal((WriteOutcome.NotOwner, 1f), ((await first.WriteAsync(Add(RowCount))).Outcome, Sum(last, RowCount)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_ByLockThenByClaimsThenByLock_KeepsEveryRow(bool crash)
    {
        var owners = new Owners(new FaultyDisk());
        float sum = 0;
        foreach (ShardOwnership ownership in new[] { ShardOwnership.Lock, ShardOwnership.Lock, ShardOwnership.Epoch, ShardOwnership.Epoch, ShardOwnership.Lock, ShardOwnership.Lock, ShardOwnership.Epoch })
        {
            Shard shard = await owners.OpenAsync(ownership: ownership);
            Assert.Equal((sum, (long)sum + 1), (Sum(shard, RowCount), shard.OwnerEpoch));
            await shard.WriteAsync(Add(RowCount));
            if ((int)sum % 3 == 1)
            {
                await shard.SnapshotAsync((long)sum);
            }

            FaultyDisk after = owners.Disk.AfterPowerCut();
            await shard.DisposeAsync();
            owners = crash ? new Owners(after) : owners;
            sum++;
        }

        Assert.False(owners.Disk.FileExists($"{Folder}/{OwnerRecord.FileName}"));
    }

    [Fact]
    public async Task Open_ByClaimWhileSomebodyHoldsTheLock_IsRefusedUnlessTheFolderWasClaimedBefore()
    {
        var owners = new Owners(new FaultyDisk());
        Shard locked = await owners.OpenAsync(ownership: ShardOwnership.Lock);
        await Assert.ThrowsAsync<ShardLockedException>(() => owners.OpenAsync());
        await locked.DisposeAsync();
        await (await owners.OpenAsync()).DisposeAsync();

        locked = await owners.OpenAsync(ownership: ShardOwnership.Lock);
        await Assert.ThrowsAsync<ShardLockedException>(() => owners.OpenAsync(ownership: ShardOwnership.Lock));
        await using Shard claimed = await owners.OpenAsync();
        Assert.Equal(WriteOutcome.NotOwner, (await locked.WriteAsync(Add(RowCount))).Outcome);
        await locked.DisposeAsync();
    }

    [Fact]
    public async Task ConfirmOwner_AsksTheFolderOnlyWhenTheLastAnswerIsTooOld()
    {
        var time = new ManualTime();
        var owners = new Owners(new FaultyDisk());
        int asked = 0;
        var through = new SteppedDisk(owners.Disk, Folder) { Before = (operation, _) => asked += operation == nameof(IDisk.FileExists) ? 1 : 0 };
        await using Shard shard = await owners.OpenAsync(through, time: time);
        asked = 0;
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal((true, 0), (shard.ConfirmOwner(), asked));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((true, 2), (shard.ConfirmOwner(), asked));
        Assert.Equal((true, 2), (shard.ConfirmOwner(), asked));
        Assert.Equal((true, 4), (shard.ConfirmOwner(TimeSpan.Zero), asked));

        // A commit asks too.
        time.Advance(TimeSpan.FromMilliseconds(999));
        await shard.WriteAsync(Add(RowCount));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal((true, 6), (shard.ConfirmOwner(), asked));

        await using Shard next = await owners.OpenAsync(time: time);
        Assert.True(shard.ConfirmOwner());
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(shard.ConfirmOwner());
        asked = 0;
        Assert.Equal((false, 0), (shard.ConfirmOwner(), asked));
        Assert.True(shard.IsFenced);
        Assert.Equal((WriteOutcome.NotOwner, 0), ((await shard.WriteAsync(Add(RowCount))).Outcome, asked));
    }

    [Fact]
    public async Task Write_WhenTheFolderDoesNotAnswer_IsUnavailableAndNotAcknowledged()
    {
        var owners = new Owners(new FaultyDisk());
        var through = new SteppedDisk(owners.Disk, Folder);
        await using Shard shard = await owners.OpenAsync(through);
        through.Before = (operation, path) => _ = operation == nameof(IDisk.FileExists) ? throw new IOException($"{path} does not answer.") : 0;
        Assert.False(shard.ConfirmOwner(TimeSpan.Zero));
        Assert.Equal(WriteOutcome.Unavailable, (await shard.WriteAsync(Add(RowCount))).Outcome);
        Assert.Equal((false, false), (shard.IsFenced, shard.AcceptsWrites));
        through.Before = static (_, _) => { };
    }

    [Fact]
    public async Task ConfirmOwner_ByLock_IsTrueUntilTheShardIsClosed()
    {
        Shard shard = await new Owners(new FaultyDisk()).OpenAsync(ownership: ShardOwnership.Lock);
        Assert.True(shard.ConfirmOwner(TimeSpan.Zero));
        await shard.DisposeAsync();
        Assert.False(shard.ConfirmOwner());
    }

    /// <summary>What an owner sealed is fixed: less of it, or other bytes in it, is damage, and more behind it is nothing.</summary>
    [Theory]
    [InlineData("flipped", false)]
    [InlineData("shorter", false)]
    [InlineData("longer", true)]
    [InlineData("record", false)]
    public async Task Open_OverASealedSegmentThatChanged_FindsDamageBeforeTheSealAndIgnoresWhatIsBehind(string change, bool opens)
    {
        var owners = new Owners(new FaultyDisk());
        for (int i = 0; i < 2; i++)
        {
            Shard shard = await owners.OpenAsync();
            await shard.WriteAsync(Add(100));
            await shard.DisposeAsync();
        }

        await (await owners.OpenAsync()).DisposeAsync();
        bool isRecord = change == "record";
        string path = Path.Combine(Folder, owners.Disk.FileNames(Folder).First(name => isRecord ? TakeOverRecord.EpochOf(name) is not null : LogFormat.IsSegmentName(name)));
        owners.Disk.Corrupt(path, bytes => change switch
        {
            "shorter" => bytes[..200],
            "longer" => [.. bytes, .. bytes],
            _ => [.. bytes.Select(static (value, i) => i == 150 || i == 40 ? (byte)(value ^ 1) : value)],
        });
        if (opens)
        {
            await using Shard shard = await owners.OpenAsync();
            Assert.Equal(2, Sum(shard, 100));
        }
        else
        {
            Assert.Equal(path, (await Assert.ThrowsAsync<ShardDamagedException>(() => owners.OpenAsync())).File);
        }
    }

    [Fact]
    public async Task List_AfterALateManifest_DoesNotHaveIt()
    {
        var owners = new Owners(new FaultyDisk());
        Shard first = await owners.OpenAsync();
        await first.WriteAsync(Add(RowCount));
        await first.SnapshotAsync(1);
        string late = $"{Folder}/snapshot-0000000001-000000000001";
        byte[] manifest = owners.Disk.ReadAll($"{late}.manifest");
        await first.DisposeAsync();
        owners.Disk.Delete($"{late}.manifest");

        await using Shard second = await owners.OpenAsync();
        using (IDiskFile file = owners.Disk.Open($"{late}.manifest", create: true))
        {
            file.Write(manifest, 0);
        }

        Assert.Empty(ShardSnapshots.List(owners.Disk, Folder));
        await second.SnapshotAsync(1);
        Assert.Equal(1, Assert.Single(ShardSnapshots.List(owners.Disk, Folder)).Id);
        await using Shard third = await owners.OpenAsync();
        Assert.False(owners.Disk.FileExists($"{late}.manifest"));
        Assert.Equal(1, Sum(third, RowCount));
    }

    [Theory]
    [InlineData("a\nb", 1)]
    [InlineData("a", -1)]
    [InlineData("a", 61)]
    public async Task Open_WithAnOptionOutsideItsRange_IsRefused(string name, int confirmedWithinSeconds) => await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Shard.OpenAsync(
        Folder, "/scratch", FourFloats, new ShardOptions { Disk = new FaultyDisk(), OwnerName = name, OwnerConfirmedWithin = TimeSpan.FromSeconds(confirmedWithinSeconds) }, CancellationToken.None));
}
