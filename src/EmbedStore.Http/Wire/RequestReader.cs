using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Decodes a data call.</summary>
internal static class RequestReader
{
    /// <summary>What <c>torch</c> writes into the metadata of every file: says nothing here, and is no parameter.</summary>
    private const string FormatMetadata = "format";

    /// <summary>Reads body and query string.</summary>
    /// <param name="request">The call.</param>
    /// <param name="mainTensor">The name that the one tensor of an npy body gets.</param>
    /// <param name="bodyByteCountMax">Unit: bytes.</param>
    /// <exception cref="EmbedStoreException">BodyTooLarge, UnsupportedEncoding, MalformedBody.</exception>
    /// <exception cref="NotAcceptableException">No accepted encoding is spoken here.</exception>
    public static async ValueTask<DataRequest> ReadAsync(HttpRequest request, string mainTensor, long bodyByteCountMax)
    {
        (byte[]? rented, int length) = await RequestBody.ReadAsync(request, bodyByteCountMax);
        try
        {
            var parameters = new RequestParameters(request.Query);
            bool hasBody = length > 0;
            WireEncoding encoding = hasBody ? ContentNegotiation.OfRequest(request) : WireEncoding.Json;
            WireEncoding answerEncoding = ContentNegotiation.OfAnswer(request, encoding);
            Dictionary<string, Tensor> tensors = hasBody ? Decode(encoding, rented.AsMemory(0, length), mainTensor, parameters) : [];
            return new DataRequest(answerEncoding, tensors, parameters, rented);
        }
        catch
        {
            if (rented is not null)
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(rented);
            }

            throw;
        }
    }

    private static Dictionary<string, Tensor> Decode(WireEncoding encoding, ReadOnlyMemory<byte> body, string mainTensor, RequestParameters parameters)
    {
        switch (encoding)
        {
            case WireEncoding.Safetensors:
                SafetensorsMessage message = SafetensorsReader.Read(body);
                foreach ((string name, string value) in message.Metadata.Where(static pair => pair.Key != FormatMetadata))
                {
                    parameters.Add(name, value);
                }

                return new Dictionary<string, Tensor>(message.Tensors);
            case WireEncoding.Npy:
                return new Dictionary<string, Tensor> { [mainTensor] = NpyReader.Read(body) };
            default:
                JsonMessage json = JsonTensorReader.Read(body);
                foreach ((string name, System.Text.Json.JsonElement value) in json.Fields)
                {
                    parameters.Add(name, value);
                }

                return new Dictionary<string, Tensor>(json.Tensors);
        }
    }
}
