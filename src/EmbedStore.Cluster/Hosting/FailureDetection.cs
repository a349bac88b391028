using Orleans.Configuration;

namespace EmbedStore.Cluster;

/// <summary>How soon members notice that one of them is gone. README.md has what was measured.</summary>
internal static class FailureDetection
{
    /// <summary>A member that does not answer within this has missed a probe; so often it is probed, too.</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);

    /// <summary>A quick network does not make the members impatient: a busy machine answers later all of a sudden.</summary>
    private static readonly TimeSpan ProbeTimeoutMin = ProbeTimeout;

    /// <summary>A slow network makes the members patient, up to this.</summary>
    private static readonly TimeSpan ProbeTimeoutMax = TimeSpan.FromSeconds(2);

    /// <summary>After so many missed probes in a row it is voted dead.</summary>
    private const int MissedProbeCount = 3;

    /// <summary>So many say so; one is enough where there are no more.</summary>
    private const int VoteCount = 2;

    /// <summary>Members read the table so often, should the talk about a change not have reached them.</summary>
    private static readonly TimeSpan TableRead = TimeSpan.FromSeconds(5);

    /// <summary>Members sign the table so often.</summary>
    public static readonly TimeSpan TableSign = TimeSpan.FromSeconds(5);

    /// <summary>A server that could not join within this ends, and its supervisor tries again.</summary>
    private static readonly TimeSpan JoinTimeMax = TimeSpan.FromMinutes(1);

    public static void Configure(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = ProbeTimeout;
        options.MinProbeTimeout = ProbeTimeoutMin;
        options.MaxProbeTimeout = ProbeTimeoutMax;
        options.NumMissedProbesLimit = MissedProbeCount;
        options.NumVotesForDeathDeclaration = VoteCount;
        options.TableRefreshTimeout = TableRead;
        options.MaxJoinAttemptTime = JoinTimeMax;
        options.IAmAliveTablePublishTimeout = TableSign;
    }
}
