using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>What HTTP makes of an <see cref="ErrorCode"/>: API section 5.</summary>
public static class ErrorStatus
{
    /// <summary>The status of an answer that refuses for this reason; of <see cref="ErrorCode.UnsupportedEncoding"/>, in a body.</summary>
    public static int StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.Unauthenticated => 401,
        ErrorCode.Forbidden => 403,
        ErrorCode.BodyTooLarge or ErrorCode.ResultTooLarge => 413,
        ErrorCode.UnsupportedEncoding => 415,
        ErrorCode.TableNotFound or ErrorCode.RowNotFound => 404,
        ErrorCode.TableExists or ErrorCode.SequenceGap or ErrorCode.WriterFenced => 409,
        ErrorCode.Overloaded => 429,
        ErrorCode.ShardUnavailable or ErrorCode.Starting or ErrorCode.Stopping => 503,
        ErrorCode.StorageFull => 507,
        _ => 400,
    };

    /// <summary>The code on the wire: <c>index_out_of_range</c>.</summary>
    public static string NameOf(ErrorCode code) => JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString());
}
