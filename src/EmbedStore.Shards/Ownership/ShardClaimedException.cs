namespace EmbedStore.Shards;

/// <summary>Another owner has claimed the shard: who opens it lost the race, who had it open is not its owner any more, and never again without opening it anew.</summary>
public sealed class ShardClaimedException : IOException
{
    internal ShardClaimedException(string folder, long epoch, string owner, Exception? inner = null)
        : base(FormattableString.Invariant($"The shard in {folder} belongs to owner {epoch}{(owner.Length > 0 ? $" ({owner})" : "")}."), inner) =>
        (Folder, Epoch, Owner) = (folder, epoch, owner);

    /// <summary>The shard's folder.</summary>
    public string Folder { get; }

    /// <summary>Of the claim that won.</summary>
    public long Epoch { get; }

    /// <summary>The winner's <see cref="ShardOptions.OwnerName"/>; empty when it gave none, or its claim cannot be read.</summary>
    public string Owner { get; }
}
