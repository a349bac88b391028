using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>What a request may take; reaching a limit is an answer (413, 429), not an accident. Bound from <c>EmbedStore:Limits</c>.</summary>
/// <remarks>The rank of a tensor is limited too, by <see cref="EmbedStore.Tensors.TensorShape.RankMax"/>, which is not a setting.</remarks>
public sealed class LimitOptions
{
    /// <summary>Body of any request but an import. Unit: bytes. Default: 256 MiB. Range: [1 KiB, 2,147,483,591], the longest array.</summary>
    [Description("bytes of a request's body")]
    public long BodyBytes { get; set; } = 256L << 20;

    /// <summary>Tensors of one answer, exports excepted. Unit: bytes. Default: 1 GiB. Range: [1 KiB, 2,147,483,591], the longest array.</summary>
    [Description("bytes of an answer")]
    public long ResultBytes { get; set; } = 1L << 30;

    /// <summary>Ids in one tensor of a request, and indices that its subscript may stand for. Unit: ids. Default: 4,194,304. Range: [1, 134,217,728].</summary>
    [Description("ids of a request")]
    public int IdsPerRequest { get; set; } = 4_194_304;

    /// <summary>Open connections; one more is closed at once. Unit: connections. Default: 1,024. Range: [1, 1,000,000].</summary>
    [Description("open connections")]
    public int Connections { get; set; } = 1_024;

    /// <summary>Data calls in flight for each processor core; one more is answered 429. Unit: calls. Default: 64. Range: [1, 65,536].</summary>
    [Description("data calls in flight for each core")]
    public int DataCallsPerCore { get; set; } = 64;

    /// <summary>Shared memory of all connections; answers that find no room there go over the connection. Unit: bytes. Default: 256 MiB. Range: [4 KiB, 1 TiB].</summary>
    [Description("bytes of shared memory for answers")]
    public long SharedBytes { get; set; } = 256L << 20;

    /// <summary>Body of an import, which is streamed and never held whole. Unit: bytes. Default: 1 TiB. Range: [1 KiB, 1 PiB].</summary>
    [Description("bytes of an import's body")]
    public long ImportBytes { get; set; } = 1L << 40;

    /// <summary>Whether gradients may be NaN or infinite; one such element makes NaN of its row. Default: false.</summary>
    [Description("let NaN and infinite gradients through")]
    public bool AllowNonFiniteGradients { get; set; }
}
