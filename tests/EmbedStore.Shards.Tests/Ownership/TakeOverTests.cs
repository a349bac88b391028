using static EmbedStore.Shards.Tests.Owners;
using static EmbedStore.Shards.Tests.Shards;

namespace EmbedStore.Shards.Tests;

/// <summary>A server that is stopped anywhere, and goes on anywhere in or behind another's opening of its shard.</summary>
public sealed class TakeOverTests
{
    private const int RowCount = 3;

    /// <summary>Every step of a write against every step of an opening: thousands of interleavings, all of them.</summary>
    [Theory]
    [InlineData(0, Durability.Commit)]
    [InlineData(2, Durability.Commit)]
    [InlineData(2, Durability.None)]
    public async Task Write_StoppedAtEachStepAndGoneOnAtEachStepOfAnOpening_IsThereWhollyAndOnceOrNotAtAll(int earlier, Durability durability)
    {
        bool allStops = false;
        int acknowledged = 0, refused = 0, found = 0;
        for (int stop = 0; !allStops; stop++)
        {
            bool allStarts = false;
            for (int start = 0; !allStarts; start++)
            {
                string where = $"stopped at step {stop}, on at step {start}";
                var owners = new Owners(new FaultyDisk());
                var gate = new StepGate();
                var through = new SteppedDisk(owners.Disk, Folder) { Before = gate.Enter };
                await using Shard old = await owners.OpenAsync(through, durability: durability);
                for (int i = 0; i < earlier; i++)
                {
                    Assert.Equal(WriteOutcome.Committed, (await old.WriteAsync(Add(RowCount))).Outcome);
                }

                gate.Allow(stop);
                Task<WriteReceipt> write = Beside(() => old.WriteAsync(Add(RowCount)));
                gate.WaitFor(write);
                allStops = write.IsCompleted;

                int step = 0;
                var next = new SteppedDisk(owners.Disk, Folder)
                {
                    Before = (_, _) =>
                    {
                        if (step++ == start)
                        {
                            gate.Open();
                            write.Wait();
                        }
                    },
                };
                float sum;
                await using (Shard taken = await owners.OpenAsync(next))
                {
                    allStarts = step <= start;
                    gate.Open();
                    WriteReceipt receipt = await write;
                    sum = Sum(taken, RowCount);
                    Assert.True(receipt.Outcome == WriteOutcome.Committed ? sum == earlier + 1 : receipt.Outcome == WriteOutcome.NotOwner && (sum == earlier || sum == earlier + 1), $"{where}: {receipt}, {sum}");
                    (acknowledged, refused, found) = receipt.Outcome == WriteOutcome.Committed ? (acknowledged + 1, refused, found) : (acknowledged, refused + 1, found + (sum > earlier ? 1 : 0));

                    Assert.Equal(WriteOutcome.NotOwner, (await old.WriteAsync(Add(RowCount))).Outcome);
                    Assert.Equal((true, false, false), (old.IsFenced, old.ConfirmOwner(), old.AcceptsWrites));
                    Assert.Equal(WriteOutcome.Committed, (await taken.WriteAsync(Add(RowCount))).Outcome);
                }

                await using Shard third = await owners.OpenAsync(ownership: ShardOwnership.Lock);
                Assert.True(Sum(third, RowCount) == sum + 1, where);
            }
        }

        Assert.True(acknowledged > 0 && refused > 0 && found > 0 && found < refused, $"{acknowledged} acknowledged, {refused} refused, {found} of them found");
    }

    /// <summary>What the second reads from a file that is not flushed yet must be there for the third, though the power went.</summary>
    [Theory]
    [InlineData(Durability.Commit)]
    [InlineData(Durability.None)]
    public async Task Open_OverRecordsThatAreNotFlushed_KeepsThemThroughAPowerCut(Durability durability)
    {
        for (int stop = 0; stop < 12; stop++)
        {
            var owners = new Owners(new FaultyDisk());
            var gate = new StepGate();
            await using Shard old = await owners.OpenAsync(new SteppedDisk(owners.Disk, Folder) { Before = gate.Enter }, durability: durability);
            gate.Allow(stop);
            Task<WriteReceipt> write = Beside(() => old.WriteAsync(Add(RowCount)));
            gate.WaitFor(write);
            Shard taken = await owners.OpenAsync();
            float sum = Sum(taken, RowCount);

            var after = new Owners(owners.Disk.AfterPowerCut());
            gate.Open();
            await write;
            await taken.DisposeAsync();
            await using Shard third = await after.OpenAsync();
            Assert.True(sum == Sum(third, RowCount), $"stopped at step {stop}: {sum}, then {Sum(third, RowCount)}");
        }
    }

    [Fact]
    public async Task Open_StoppedAtEachStepWhileAnotherOpens_LosesOrClaimsAfterIt()
    {
        bool all = false;
        int lost = 0;
        for (int stop = 0; !all; stop++)
        {
            var owners = new Owners(new FaultyDisk());
            await using Shard unclosed = await WithHistory(owners);
            var gate = new StepGate();
            gate.Allow(stop);
            Task<Shard> opening = Beside(() => owners.OpenAsync(new SteppedDisk(owners.Disk, Folder) { Before = gate.Enter }, name: "slow"));
            gate.WaitFor(opening);
            all = opening.IsCompleted;

            Shard quick = await owners.OpenAsync(name: "quick");
            Assert.Equal(WriteOutcome.Committed, (await quick.WriteAsync(Add(RowCount))).Outcome);
            await quick.SnapshotAsync(7);
            Assert.Equal(WriteOutcome.Committed, (await quick.WriteAsync(Add(RowCount))).Outcome);
            gate.Open();
            try
            {
                // Either its claim came later, or the last time it asked was just before the other's.
                await using Shard slow = await opening;
                Assert.True(all || (slow.ConfirmOwner(TimeSpan.Zero) ? Sum(slow, RowCount) == 6 : (await slow.WriteAsync(Add(RowCount))).Outcome == WriteOutcome.NotOwner), $"opening stopped at step {stop}");
            }
            catch (ShardClaimedException e)
            {
                lost++;
                Assert.Equal((quick.OwnerEpoch, "quick"), (e.Epoch, e.Owner));
                Assert.False(quick.IsFenced);
                Assert.True(quick.ConfirmOwner(TimeSpan.Zero));
            }

            await quick.DisposeAsync();
            await using Shard third = await owners.OpenAsync();
            Assert.Equal(6, Sum(third, RowCount));
        }

        Assert.True(lost > 20, $"{lost} lost");
    }

    /// <summary>The old owner's snapshot, its manifest and its cut of the log, beside those of the next one, with the same id.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Snapshot_StoppedAtEachStepWhileAnotherOwnerTakesSome_TakesNothingFromIt(int snapshotCount)
    {
        bool all = false;
        int lost = 0;
        for (int stop = 0; !all; stop++)
        {
            var owners = new Owners(new FaultyDisk());
            var gate = new StepGate();
            await using Shard old = await owners.OpenAsync(new SteppedDisk(owners.Disk, Folder) { Before = gate.Enter }, segmentByteCountMax: 4096);
            for (int i = 0; i < 3; i++)
            {
                await WriteMuch(old);
                await old.SnapshotAsync(i + 1);
            }

            await WriteMuch(old);
            gate.Allow(stop);
            Task<SnapshotInfo> snapshot = Beside(() => old.SnapshotAsync(4));
            gate.WaitFor(snapshot);
            all = snapshot.IsCompleted;

            Shard taken = await owners.OpenAsync(segmentByteCountMax: 4096);
            bool isTaken = ShardSnapshots.Ids(owners.Disk, Folder).Contains(4);
            int writes = 4;
            for (int i = 0; i < snapshotCount; i++)
            {
                await WriteMuch(taken);
                await taken.SnapshotAsync(4 + i);
                writes++;
            }

            gate.Open();
            try
            {
                // The last time it asked, in keeping two snapshots, may have been before the claim.
                await snapshot;
                Assert.True(isTaken, $"stopped at step {stop}");
            }
            catch (ShardClaimedException)
            {
                lost++;
            }

            await Assert.ThrowsAsync<ShardClaimedException>(() => old.SnapshotAsync(9));

            await WriteMuch(taken);
            Assert.Equal(writes + 1, Sum(taken, 100));
            await taken.DisposeAsync();
            await using Shard third = await owners.OpenAsync();
            Assert.True(Sum(third, 100) == writes + 1, $"stopped at step {stop}");
            await third.SnapshotAsync(20);
            using SnapshotSource source = SnapshotSource.Open(Folder, "/scratch-source", third.Format, Options(owners.Disk), 20, CancellationToken.None);
        }

        Assert.True(lost > 20, $"{lost} lost");
    }

    [Fact]
    public async Task Snapshot_GoneOnAtRandomStepsOfAnOpening_TakesNothingFromTheNextOwner()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var owners = new Owners(new FaultyDisk());
            var gate = new StepGate();
            await using Shard old = await owners.OpenAsync(new SteppedDisk(owners.Disk, Folder) { Before = gate.Enter }, segmentByteCountMax: 4096);
            for (int i = 0; i < 3; i++)
            {
                await WriteMuch(old);
                await old.SnapshotAsync(i + 1);
            }

            gate.Allow(random.Next(60));
            Task<WriteReceipt> write = Beside(() => old.WriteAsync(Add(100)));
            Task<SnapshotInfo> snapshot = Beside(() => old.SnapshotAsync(4));
            gate.WaitFor(snapshot);

            // A few steps of the old owner between steps of the new one, again and again.
            var next = new SteppedDisk(owners.Disk, Folder)
            {
                Before = (_, _) =>
                {
                    if (random.Next(4) == 0)
                    {
                        gate.Allow(random.Next(1, 6));
                        gate.WaitFor(snapshot);
                    }
                },
            };
            await using Shard taken = await owners.OpenAsync(next, segmentByteCountMax: 4096);
            next.Before = static (_, _) => { };
            gate.Open();
            await snapshot.ContinueWith(static _ => { }, TaskScheduler.Default);
            float sum = Sum(taken, 100);
            WriteOutcome outcome = (await write).Outcome;
            Assert.True(outcome == WriteOutcome.Committed ? sum == 4 : sum is 3 or 4, $"seed {seed}: {outcome}, {sum}");
            await WriteMuch(taken);
            await taken.SnapshotAsync(4);
            await using Shard third = await owners.OpenAsync();
            Assert.True(Sum(third, 100) == sum + 1, $"seed {seed}");
        }
    }

    /// <summary>An old owner that finds the disk full cuts its log: behind what the next one relies on.</summary>
    [Fact]
    public async Task FullDisk_OfAnOldOwnerThatCutsItsLogLate_TakesNothingFromTheNextOwner()
    {
        int cuts = 0;
        for (int free = 0; free < 1200; free += 40)
        {
            var owners = new Owners(new FaultyDisk());
            var gate = new StepGate();
            string at = "";
            var through = new SteppedDisk(owners.Disk, Folder);
            await using Shard old = await owners.OpenAsync(through);
            await old.WriteAsync(Add(RowCount));
            owners.Disk.ClaimedFreeBytes = 1 << 30;
            owners.Disk.FreeBytes = free;
            through.Before = (operation, path) =>
            {
                at = operation;
                gate.Allow(operation == nameof(IDiskFile.SetLength) ? 0 : int.MaxValue);
                gate.Enter(operation, path);
            };
            Task<WriteReceipt>[] writes = [.. Enumerable.Range(0, 4).Select(_ => Beside(() => old.WriteAsync(Add(RowCount))))];
            Task all = Task.WhenAll(writes);
            gate.WaitFor(all);
            owners.Disk.FreeBytes = 1L << 40;
            await using Shard taken = await owners.OpenAsync();
            float sum = Sum(taken, RowCount);
            gate.Open();
            await all;
            int committed = writes.Count(static write => write.Result.Outcome == WriteOutcome.Committed);
            cuts += at == nameof(IDiskFile.SetLength) || committed < 4 ? 1 : 0;
            Assert.DoesNotContain(writes, static write => write.Result.Outcome is WriteOutcome.StorageFull or WriteOutcome.Unavailable);
            Assert.InRange(sum, 1 + committed, 5);
            await using Shard third = await owners.OpenAsync();
            Assert.Equal(sum, Sum(third, RowCount));
        }

        Assert.True(cuts > 10, $"{cuts} cuts");
    }

    private static async Task WriteMuch(Shard shard)
    {
        Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Add(100))).Outcome);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(WriteOutcome.Committed, (await shard.WriteAsync(Add(100, firstRow: 1000))).Outcome);
        }
    }

    /// <summary>Four additions: before a snapshot, behind it, by a second owner, and by one that did not close.</summary>
    private static async Task<Shard> WithHistory(Owners owners)
    {
        await using (Shard first = await owners.OpenAsync())
        {
            await first.WriteAsync(Add(RowCount));
            await first.SnapshotAsync(1);
            await first.WriteAsync(Add(RowCount));
        }

        Shard second = await owners.OpenAsync();
        await second.WriteAsync(Add(RowCount));
        await second.SnapshotAsync(2);
        Shard third = await owners.OpenAsync(durability: Durability.None);
        await third.WriteAsync(Add(RowCount));
        await second.DisposeAsync();
        return third;
    }
}
