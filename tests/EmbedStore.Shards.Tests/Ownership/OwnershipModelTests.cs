using static EmbedStore.Shards.Tests.Owners;

namespace EmbedStore.Shards.Tests;

/// <summary>Writers that keep a ledger, and servers that take a shard from each other at random, stop, go on, and lose power.</summary>
public sealed class OwnershipModelTests
{
    private const int RowCount = 4;
    private const int WriterCount = 3;

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(203)]
    [InlineData(204)]
    [InlineData(205)]
    [InlineData(206)]
    public async Task TakeOvers_AtRandom_LoseNothingAcknowledgedAndCountNothingTwice(int seed)
    {
        var run = new Run(seed);
        for (int step = 0; step < 250; step++)
        {
            await run.StepAsync();
        }

        await run.EndAsync();
    }

    /// <summary>A server: its shard, and a gate that stops it.</summary>
    private sealed record Server(Shard Shard, StepGate Gate);

    /// <summary>One shared folder. Each writer writes to rows of its own, sends a write again until it knows, and then goes on to the next.</summary>
    private sealed class Run
    {
        private readonly Random _random;
        private readonly int _seed;
        private readonly long[] _sequences = new long[WriterCount];
        private readonly List<Server> _servers = [];
        private readonly List<Task> _late = [];
        private Owners _owners = new(new FaultyDisk());
        private long _snapshotId;
        private int _takeOvers;

        public Run(int seed) => (_seed, _random) = (seed, new Random(seed));

        public async Task StepAsync()
        {
            if (_servers.Count == 0 || _random.Next(6) == 0)
            {
                await TakeOverAsync();
            }

            switch (_random.Next(12))
            {
                case 0:
                    _late.Add(Beside(() => TryAsync(() => _servers[^1].Shard.SnapshotAsync(++_snapshotId))));
                    break;
                case 1:
                    await PowerCutAsync();
                    break;
                case 2:
                    StopNewest();
                    break;
                default:
                    await WriteAsync(_random.Next(WriterCount));
                    break;
            }
        }

        public async Task EndAsync()
        {
            await TakeOverAsync();
            AssertLedger();
            await GoOnAsync();
            Assert.True(_takeOvers > 20, $"{_takeOvers} take-overs");
        }

        /// <summary>From some server, that may have lost the shard, until one knows: here, that is the newest at the latest.</summary>
        private async Task WriteAsync(int writer)
        {
            long sequence = _sequences[writer] + 1;
            while (true)
            {
                Server server = _servers[_random.Next(3) == 0 ? _random.Next(_servers.Count) : _servers.Count - 1];
                RowWrite write = Add(RowCount, new WriterStamp($"w{writer}", 0, sequence, [0]), writer * 100);
                Task<WriteReceipt> sent = Beside(async () => await server.Shard.WriteAsync(write, CancellationToken.None));
                server.Gate.WaitFor(sent);
                if (!sent.IsCompleted)
                {
                    // It hangs. Another server takes over, and the write is sent there.
                    _late.Add(sent);
                    await TakeOverAsync();
                    continue;
                }

                WriteOutcome outcome = (await sent).Outcome;
                Assert.True(outcome is WriteOutcome.Committed or WriteOutcome.Duplicate or WriteOutcome.NotOwner, $"seed {_seed}: {outcome}");
                if (outcome != WriteOutcome.NotOwner)
                {
                    _sequences[writer] = sequence;
                    return;
                }

                if (_servers[^1].Shard.IsFenced)
                {
                    await TakeOverAsync();
                }
            }
        }

        /// <summary>A server opens the shard while those before go on in the middle of whatever they do.</summary>
        private async Task TakeOverAsync()
        {
            var gate = new StepGate();
            var through = new SteppedDisk(_owners.Disk, Shards.Folder)
            {
                Before = (_, _) =>
                {
                    if (_servers.Count > 0 && _random.Next(5) == 0)
                    {
                        _servers[_random.Next(_servers.Count)].Gate.Allow(_random.Next(8));
                    }
                },
            };
            Shard shard = await _owners.OpenAsync(through, durability: (Durability)(_random.Next(2) * 2), segmentByteCountMax: 8192);
            through.Before = gate.Enter;
            _servers.Add(new Server(shard, gate));
            _takeOvers++;
            AssertLedger();
            if (_servers.Count > 5)
            {
                await GoOnAsync();
                await _servers[0].Shard.DisposeAsync();
                _servers.RemoveAt(0);
            }
        }

        /// <summary>It stops after a few more steps.</summary>
        private void StopNewest() => _servers[^1].Gate.Allow(_random.Next(12));

        /// <summary>All servers go on to the end of what they were doing.</summary>
        private async Task GoOnAsync()
        {
            _servers.ForEach(static server => server.Gate.Open());
            await Task.WhenAll(_late);
            _late.Clear();
        }

        private async Task PowerCutAsync()
        {
            FaultyDisk after = _owners.Disk.AfterPowerCut(_random);
            await GoOnAsync();
            foreach (Server server in _servers)
            {
                await server.Shard.DisposeAsync();
            }

            _servers.Clear();
            _owners = new Owners(after);
            await TakeOverAsync();
        }

        /// <summary>Every write that was acknowledged is there once; one that was sent and not answered, once or not at all.</summary>
        private void AssertLedger()
        {
            for (int writer = 0; writer < WriterCount; writer++)
            {
                float sum = Sum(_servers[^1].Shard, RowCount, writer * 100);
                Assert.True(sum == _sequences[writer] || sum == _sequences[writer] + 1, $"seed {_seed}: writer {writer} sent {_sequences[writer]}, {sum} are there");
            }
        }

        private static async Task<bool> TryAsync(Func<Task> action)
        {
            try
            {
                await action();
                return true;
            }
            catch (Exception e) when (e is ShardClaimedException or OperationCanceledException or ObjectDisposedException)
            {
                return false;
            }
        }
    }
}
