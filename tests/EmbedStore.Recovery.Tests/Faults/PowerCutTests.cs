using EmbedStore.Shards;
using EmbedStore.Shards.Tests;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>A disk that forgets what was not flushed: what was acknowledged before the power went is there after it.</summary>
public class PowerCutTests
{
    private const int SeedCount = 100;

    /// <summary>The build with <c>-p:Canary=true</c> acknowledges before it flushes, and must fail here.</summary>
    [Fact]
    public async Task PowerCut_BehindEveryAcknowledgement_LosesNothing()
    {
        var random = new Random(TestSeed.Current);
        var disk = new FaultyDisk();
        float[] rows = new float[TestShard.RowCount];
        await using Shard shard = await TestShard.OpenAsync(disk);
        for (int i = 0; i < 60; i++)
        {
            Batch batch = TestShard.Draw(random);
            WriteReceipt receipt = await shard.WriteAsync(TestShard.WriteOf(batch), CancellationToken.None);

            // At once: what is flushed behind the acknowledgement is too late.
            FaultyDisk after = disk.AfterPowerCut(i % 2 == 0 ? null : random);
            batch.ApplyTo(rows);
            await using Shard again = await TestShard.OpenAsync(after);
            Assert.True(again.Version == receipt.Version && TestShard.Read(again).SequenceEqual(rows), $"version {again.Version} of {receipt.Version}, {TestSeed.Hint}");
        }
    }

    /// <summary>Writes, snapshots and openings on a disk where one operation in some fails or fills up, now and then without power: no failure loses what was acknowledged.</summary>
    [Fact]
    public async Task Disk_ThatFailsByChance_LosesNothingAcknowledged()
    {
        for (int seed = TestSeed.Current; seed < TestSeed.Current + SeedCount; seed++)
        {
            try
            {
                await new FailingRun(seed).RunAsync();
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"{TestSeed.Variable}={seed}: {fault.Message}", fault);
            }
        }
    }

    /// <summary>One shard on one disk.</summary>
    private sealed class FailingRun(int seed)
    {
        private const int StepCount = 60;

        private readonly Random _random = new(seed);
        private readonly float[] _acknowledged = new float[TestShard.RowCount];
        private float[] _onItsWay = new float[TestShard.RowCount];
        private FaultyDisk _disk = new();
        private long _snapshotId;

        public async Task RunAsync()
        {
            Shard shard = await OpenAsync();
            for (int step = 0; step < StepCount; step++)
            {
                Arm();
                if (_random.Next(8) == 0)
                {
                    await TrySnapshotAsync(shard);
                }
                else if (await TryWriteAsync(shard))
                {
                    continue;
                }

                if (!shard.AcceptsWrites || _random.Next(6) == 0)
                {
                    shard = await ReopenAsync(shard);
                }
            }

            Disarm();
            shard = await ReopenAsync(shard);
            await shard.DisposeAsync();
        }

        private void Arm()
        {
            bool Strikes(string path) => !path.StartsWith("/scratch", StringComparison.Ordinal) && _random.Next(12) == 0;
            (_disk.FailWrite, _disk.FailFlush, _disk.FailSetLength) = (_ => false, _ => false, _ => false);
            switch (_random.Next(6))
            {
                case 0: _disk.FailWrite = Strikes; break;
                case 1: _disk.FailFlush = Strikes; break;
                case 2: _disk.FailSetLength = Strikes; break;
                case 3: _disk.FreeBytes = _random.Next(2000); break;
                default: Disarm(); break;
            }
        }

        private void Disarm()
        {
            (_disk.FailWrite, _disk.FailFlush, _disk.FailSetLength) = (_ => false, _ => false, _ => false);
            _disk.FreeBytes = 1L << 40;
        }

        private async Task<bool> TryWriteAsync(Shard shard)
        {
            Batch batch = TestShard.Draw(_random);
            batch.ApplyTo(_onItsWay);
            WriteReceipt receipt = await shard.WriteAsync(TestShard.WriteOf(batch), CancellationToken.None);
            if (receipt.Outcome == WriteOutcome.Committed)
            {
                _onItsWay.CopyTo(_acknowledged, 0);
                return true;
            }

            // A full disk kept nothing; a failing one, nobody knows.
            if (receipt.Outcome == WriteOutcome.StorageFull)
            {
                _acknowledged.CopyTo(_onItsWay, 0);
            }

            return false;
        }

        private async Task TrySnapshotAsync(Shard shard)
        {
            try
            {
                await TestShard.SnapshotAsync(shard, ++_snapshotId);
            }
            catch (IOException)
            {
                // It failed, or the disk is full; the shard goes on.
            }
        }

        /// <summary>Ends the shard, with or without power, and opens it again.</summary>
        private async Task<Shard> ReopenAsync(Shard shard)
        {
            FaultyDisk cut = _disk.AfterPowerCut(_random);
            try
            {
                await shard.DisposeAsync();
            }
            catch (IOException)
            {
                // The last flush failed.
            }

            _disk = _random.Next(2) == 0 ? cut : _disk.AfterPowerCut();
            return await OpenAsync();
        }

        private async Task<Shard> OpenAsync()
        {
            Disarm();
            Shard shard = await TestShard.OpenAsync(_disk);
            float[] found = TestShard.Read(shard);
            for (int row = 0; row < found.Length; row++)
            {
                Assert.True(found[row] == _acknowledged[row] || found[row] == _onItsWay[row], $"row {row} holds {found[row]}; acknowledged was {_acknowledged[row]}, on its way {_onItsWay[row]}");
            }

            found.CopyTo(_acknowledged, 0);
            _onItsWay = [.. found];
            return shard;
        }
    }
}
