using System.Text;
using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>An answer of the server, read whole.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="MediaType">Without parameters; null when there is no body.</param>
/// <param name="Headers">Those of the answer and of its body, by name, in lower case.</param>
/// <param name="Body">As it came.</param>
public sealed record Answer(int Status, string? MediaType, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    private JsonElement? _json;

    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => _json ??= JsonDocument.Parse(Body).RootElement;

    /// <summary>The problem's code; null when the answer is none.</summary>
    public string? Code => MediaType == "application/problem+json" ? Json.GetProperty("code").GetString() : null;

    public long Version => long.Parse(Headers["embedstore-version"], System.Globalization.CultureInfo.InvariantCulture);

    public JsonElement this[string field] => Json.GetProperty(field);

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Dictionary<string, string> headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(static header => header.Key.ToLowerInvariant(), static header => string.Join(", ", header.Value));
        return new Answer((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, headers, body);
    }

    /// <summary>The answer itself, when it is a success.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message has all of it.</exception>
    public Answer Success() => Status is >= 200 and < 300 ? this : throw new InvalidOperationException($"{Status} {Text}");

    /// <summary>The tensors of a successful answer. npy names its one tensor <c>rows</c> here.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors() => Success().MediaType switch
    {
        "application/x-safetensors" => SafetensorsReader.Read(Body).Tensors,
        "application/x-npy" => new Dictionary<string, Tensor> { ["rows"] = NpyReader.Read(Body) },
        _ => JsonTensorReader.Read(Body).Tensors,
    };

    public Tensor Rows() => Tensors()["rows"];
}
