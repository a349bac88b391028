namespace EmbedStore.Serving;

/// <summary>How old rows may be that a read gets from a server that does not own them. Default: not at all, their owner is asked.</summary>
/// <param name="VersionMin">They have every write of the table up to this version.</param>
/// <param name="AgeMax">So long ago their owner gave them, at most.</param>
public readonly record struct Freshness(long VersionMin, TimeSpan AgeMax)
{
    /// <summary>False: only their owner knows.</summary>
    public bool AllowsAge => AgeMax > TimeSpan.Zero;
}
