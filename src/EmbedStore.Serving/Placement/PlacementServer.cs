using System.Text;
using EmbedStore.Shards;

namespace EmbedStore.Serving;

/// <summary>A server that shards may be placed on.</summary>
/// <remarks>Immutable. Make it once for each change of the membership: its name is hashed here, and not for each shard.</remarks>
public readonly struct PlacementServer
{
    /// <summary>The least weight.</summary>
    public const double WeightMin = 1e-6;

    /// <summary>The greatest weight.</summary>
    public const double WeightMax = 1e6;

    /// <summary>Describes a server.</summary>
    /// <param name="name">As <see cref="Name"/>.</param>
    /// <param name="weight">As <see cref="Weight"/>.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The weight is outside of its range.</exception>
    public PlacementServer(string name, double weight = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        Weight = weight is >= WeightMin and <= WeightMax
            ? weight
            : throw new ArgumentOutOfRangeException(nameof(weight), weight, $"Must be in [{WeightMin}, {WeightMax}].");
        Hash = unchecked((ulong)KeyHash.Of(Encoding.UTF8.GetBytes(name)));
    }

    /// <summary>Unique among the servers, compared letter by letter, and the same after a restart.</summary>
    public string Name { get; }

    /// <summary>How many shards it gets, in proportion to the other servers. Default: 1. Range: [<see cref="WeightMin"/>, <see cref="WeightMax"/>].</summary>
    public double Weight { get; }

    /// <summary>64 bits of the name.</summary>
    internal ulong Hash { get; }
}
