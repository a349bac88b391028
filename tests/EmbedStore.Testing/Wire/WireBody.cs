using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>Bodies of data calls: named tensors, and parameters where the encoding has a place for them.</summary>
public static class WireBody
{
    public static string MediaTypeOf(WireFormat format) => format switch
    {
        WireFormat.Safetensors => "application/x-safetensors",
        WireFormat.Npy => "application/x-npy",
        _ => "application/json",
    };

    public static HttpContent Content(byte[] body, string mediaType)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    public static HttpContent Content(WireFormat format, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? fields = null) =>
        Content(Encode(format, tensors, fields), MediaTypeOf(format));

    /// <param name="format">npy takes one tensor and no fields.</param>
    /// <param name="tensors">By name.</param>
    /// <param name="fields">Parameters in the body.</param>
    public static byte[] Encode(WireFormat format, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? fields = null) => format switch
    {
        WireFormat.Safetensors => Safetensors(tensors, fields),
        WireFormat.Npy => Npy(tensors.Values.Single()),
        _ => Json(tensors, fields),
    };

    public static byte[] Npy(Tensor tensor) => [.. NpyHeader.Write(tensor.Type, tensor.Shape), .. tensor.Data.Span];

    private static byte[] Safetensors(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? fields)
    {
        var body = new ArrayBufferWriter<byte>();
        SafetensorsWriter.Write(body, [.. tensors], fields);
        return body.WrittenSpan.ToArray();
    }

    private static byte[] Json(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? fields)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            JsonTensorWriter.WriteTensors(json, tensors);
            foreach ((string name, string value) in fields ?? new Dictionary<string, string>())
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return body.WrittenSpan.ToArray();
    }
}
