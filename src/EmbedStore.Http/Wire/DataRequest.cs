using System.Buffers;
using EmbedStore.Tensors;

namespace EmbedStore.Http;

/// <summary>A data call as it came: tensors and parameters, decoded and not yet looked at.</summary>
/// <remarks>The tensors are views over a rented body: dispose once, after the last use of them.</remarks>
internal sealed class DataRequest(WireEncoding answerEncoding, Dictionary<string, Tensor> tensors, RequestParameters parameters, byte[]? rented) : IDisposable
{
    /// <summary>Encoding of an answer of tensors.</summary>
    public WireEncoding AnswerEncoding { get; } = answerEncoding;

    /// <summary>By name.</summary>
    public Dictionary<string, Tensor> Tensors { get; } = tensors;

    /// <summary>From the query string and the body.</summary>
    public RequestParameters Parameters { get; } = parameters;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
