namespace EmbedStore.Tensors;

/// <summary>Why a request is refused, in order of precedence: of several reasons the one listed first is reported.</summary>
/// <remarks>
/// The wire name is the member in snake_case. The HTTP status belongs to the door that answers, not to the reason.
/// Codes up to <see cref="WriterFenced"/> are the caller's mistake and repeat when sent again; a retry can help from <see cref="Overloaded"/> on.
/// </remarks>
public enum ErrorCode
{
    /// <summary>No valid key came with the request.</summary>
    Unauthenticated,

    /// <summary>The key is valid but its role or tables do not cover the call. Fact: <c>table</c>.</summary>
    Forbidden,

    /// <summary>The request is larger than a limit. Facts: <c>limit</c>, <c>size</c>.</summary>
    BodyTooLarge,

    /// <summary>The content type, or every accepted one, is not spoken here. Fact: <c>supported</c>.</summary>
    UnsupportedEncoding,

    /// <summary>The body does not follow its own format. Fact, where known: <c>offset</c> in bytes.</summary>
    MalformedBody,

    /// <summary>No such parameter. Fact: <c>parameter</c>.</summary>
    UnknownParameter,

    /// <summary>One parameter was given twice with different values. Fact: <c>parameter</c>.</summary>
    ConflictingParameters,

    /// <summary>A parameter's value is not allowed. Fact: <c>parameter</c>.</summary>
    InvalidParameter,

    /// <summary>No table has this name. Fact: <c>table</c>.</summary>
    TableNotFound,

    /// <summary>A different table has this name. Facts: <c>table</c>; <c>differs</c>, the fields that differ.</summary>
    TableExists,

    /// <summary>The subscript does not parse. Fact: <c>column</c>, zero-based.</summary>
    MalformedSubscript,

    /// <summary>A tensor came that the call has no use for. Fact: <c>tensor</c>.</summary>
    UnknownTensor,

    /// <summary>A tensor that the call needs did not come. Fact: <c>tensor</c>.</summary>
    MissingTensor,

    /// <summary>The element type cannot serve here. Fact: <c>tensor</c>.</summary>
    UnsupportedDtype,

    /// <summary>More indices than dimensions, or a result of too many. Facts: <c>expected</c>, <c>actual</c>.</summary>
    TooManyIndices,

    /// <summary>Shapes do not broadcast or do not fit. Facts: <c>tensor</c> where one is meant, <c>expected</c>, <c>actual</c>.</summary>
    ShapeMismatch,

    /// <summary>A mask's shape differs from the dimensions it covers. Facts: <c>tensor</c>, <c>expected</c>, <c>actual</c>.</summary>
    MaskMismatch,

    /// <summary>An open vocabulary was sliced, masked or counted. Facts: <c>expected</c>, <c>actual</c>.</summary>
    OpenDimension,

    /// <summary>The answer would be larger than a limit. Facts: <c>limit</c>, <c>size</c>.</summary>
    ResultTooLarge,

    /// <summary>An index is outside its dimension. Facts: <c>tensor</c>, <c>position</c>, <c>dimension</c>, <c>index</c>, <c>size</c>.</summary>
    IndexOutOfRange,

    /// <summary>A gradient is NaN or infinite. Facts: <c>tensor</c>, <c>position</c>.</summary>
    InvalidGradient,

    /// <summary>The row was never written and the table says that this is an error. Facts: <c>position</c>, <c>id</c>.</summary>
    RowNotFound,

    /// <summary>A writer left out a sequence. Fact: <c>expected</c>.</summary>
    SequenceGap,

    /// <summary>The writer was replaced by one of a higher epoch. Fact: <c>expected</c>, the lowest epoch that is let in.</summary>
    WriterFenced,

    /// <summary>Too many calls are in flight. A retry helps. Fact: <c>limit</c>.</summary>
    Overloaded,

    /// <summary>A shard does not serve. A retry can help. Fact: <c>shard</c>.</summary>
    ShardUnavailable,

    /// <summary>The shard is recovering. A retry helps. Fact: <c>shard</c>.</summary>
    Starting,

    /// <summary>The server is going down. A retry elsewhere helps.</summary>
    Stopping,

    /// <summary>The disk has no room for the write; reads go on. A retry can help. Fact: <c>shard</c>.</summary>
    StorageFull,
}
