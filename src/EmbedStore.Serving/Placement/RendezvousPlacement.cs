using System.Text;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>Which server wants a shard most: the same answer on every machine that knows of the same servers, in whatever order.</summary>
/// <remarks>
/// <para>Each pair of shard and server has a number u in (0, 1) of its own, and the server with the lowest -ln(u) / weight has the shard: it does with the probability that is its part of all weights.
/// A server that comes or goes changes no other pair, so only the shards that it gets or had move. Source: Thaler and Ravishankar, 1998; the weights by Schindelhauer and Schomaker, 2005.</para>
/// <para>Pure, and thread-safe; nothing is allocated. Servers of two versions must agree, so this never changes.</para>
/// </remarks>
public static class RendezvousPlacement
{
    /// <summary>The longest name of <see cref="Choose(string, ReadOnlySpan{PlacementServer})"/>. Unit: UTF-16 units.</summary>
    public const int NameLengthMax = 64;

    private const int Utf8BytesPerUnitMax = 3;

    /// <summary>Below 1 by far more than the rounding of the few operations on either side.</summary>
    private const double Slack = 1 - 1e-9;

    /// <summary>The server that a shard is to be on.</summary>
    /// <param name="shard">Any.</param>
    /// <param name="servers">At least one, in any order; no two of one name.</param>
    /// <returns>Position in <paramref name="servers"/>.</returns>
    /// <exception cref="ArgumentException">There is no server.</exception>
    public static int Choose(ShardKey shard, ReadOnlySpan<PlacementServer> servers) => Choose(HashOf(shard), servers);

    /// <summary>The server where what bears this name is to be done.</summary>
    /// <param name="name">At most <see cref="NameLengthMax"/> long.</param>
    /// <param name="servers">As for a shard.</param>
    /// <returns>Position in <paramref name="servers"/>.</returns>
    /// <exception cref="ArgumentException">There is no server, or the name is too long.</exception>
    public static int Choose(string name, ReadOnlySpan<PlacementServer> servers)
    {
        if (name.Length > NameLengthMax)
        {
            throw new ArgumentException($"The name must have at most {NameLengthMax} characters; had {name.Length}.", nameof(name));
        }

        Span<byte> bytes = stackalloc byte[NameLengthMax * Utf8BytesPerUnitMax];
        return Choose(unchecked((ulong)KeyHash.Of(bytes[..Encoding.UTF8.GetBytes(name, bytes)])), servers);
    }

    /// <summary>64 bits of a shard.</summary>
    internal static ulong HashOf(ShardKey shard) =>
        unchecked(ShardHash.Mix(ShardHash.Mix(ShardHash.Mix((ulong)shard.TableId) ^ (uint)shard.Generation) ^ (uint)shard.Shard));

    /// <summary>What it costs to put a shard on a server: the lowest wins.</summary>
    /// <returns>-ln(u) / weight, exponentially distributed.</returns>
    internal static double CostOf(ulong shard, in PlacementServer server) => -PortableLog.Of(FractionOf(shard, server)) / server.Weight;

    private static int Choose(ulong shard, ReadOnlySpan<PlacementServer> servers) =>
        servers.IsEmpty ? throw new ArgumentException("There is no server.", nameof(servers)) : Next(shard, servers, -1, 0);

    /// <summary>The server that is wanted most of those that are wanted less than another.</summary>
    /// <param name="shard">From <see cref="HashOf"/>.</param>
    /// <param name="servers">At least one.</param>
    /// <param name="other">Position of the other; -1 for none.</param>
    /// <param name="otherCost">What it costs there.</param>
    /// <returns>Position; -1 when the other is wanted least of all.</returns>
    internal static int Next(ulong shard, ReadOnlySpan<PlacementServer> servers, int other, double otherCost)
    {
        int best = -1;
        double bestCost = double.PositiveInfinity;
        for (int i = 0; i < servers.Length; i++)
        {
            // -ln(u) is at least 1 - u: nearly all servers are out of the question by this, and take no logarithm.
            if ((1 - FractionOf(shard, servers[i])) * Slack > bestCost * servers[i].Weight)
            {
                continue;
            }

            double cost = CostOf(shard, servers[i]);
            if (IsBefore(servers, i, cost, best, bestCost) && (other < 0 || IsBefore(servers, other, otherCost, i, cost)))
            {
                (best, bestCost) = (i, cost);
            }
        }

        return best;
    }

    private static bool IsBefore(ReadOnlySpan<PlacementServer> servers, int left, double leftCost, int right, double rightCost) =>
        leftCost < rightCost || (leftCost == rightCost && string.CompareOrdinal(servers[left].Name, servers[right].Name) < 0);

    /// <summary>An odd multiple of 2^-53 in (0, 1).</summary>
    private static double FractionOf(ulong shard, in PlacementServer server) =>
        (unchecked((long)(ShardHash.Mix(shard ^ server.Hash) >> 12)) + 0.5) * (1.0 / (1L << 52));
}
