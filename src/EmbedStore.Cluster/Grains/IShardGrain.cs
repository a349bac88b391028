namespace EmbedStore.Cluster;

/// <summary>One shard; the server that has this grain owns it. The key is <see cref="Serving.ShardKey.ToString"/>.</summary>
/// <remarks>Rows never pass here. No call is marked to run beside another one: a turn is short, and such marks do not keep others out (dotnet/orleans#10807).</remarks>
[Alias("EmbedStore.IShardGrain")]
internal interface IShardGrain : IGrainWithStringKey
{
    /// <summary>Where the shard is. Called for a shard that is nowhere, this brings it to where it should be.</summary>
    /// <returns>Null: there is no such shard.</returns>
    [ResponseTimeout(CallTimes.Owner)]
    [Alias("Owner")]
    Task<OwnerAnswer?> OwnerAsync();

    /// <summary>Lets go of the shard; the next call finds it a new place.</summary>
    /// <param name="server">Who lets go. Nothing happens when the shard is elsewhere.</param>
    /// <returns>Whether it was there.</returns>
    [ResponseTimeout(CallTimes.Release)]
    [Alias("HandOver")]
    Task<bool> HandOverAsync(string server);

    /// <summary>Ends a grain whose server does not hold its shard any more.</summary>
    /// <param name="server">The server. Nothing happens when the grain is elsewhere.</param>
    [ResponseTimeout(CallTimes.Owner)]
    [Alias("Retire")]
    Task RetireAsync(string server);
}
