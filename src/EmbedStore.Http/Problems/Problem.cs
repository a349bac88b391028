using System.Buffers;
using System.Text.Json;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>A refusal on the wire: RFC 9457, with <c>code</c> and the facts as members.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">The reason, snake_case.</param>
/// <param name="Detail">One sentence.</param>
/// <param name="Facts">Further members.</param>
internal sealed record Problem(int Status, string Code, string Detail, IReadOnlyList<Fact> Facts)
{
    private const int RetryAfterSeconds = 1;

    public static Problem Of(EmbedStoreException refusal, int? status = null) =>
        new(status ?? ErrorStatus.StatusOf(refusal.Code), ErrorStatus.NameOf(refusal.Code), refusal.Message, refusal.Facts);

    /// <summary>Answers with the problem, in place of whatever was prepared.</summary>
    public async Task WriteAsync(HttpResponse response)
    {
        response.Clear();
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        if (Status is 429 or 503)
        {
            response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (Status is 401)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        var body = new ArrayBufferWriter<byte>();
        Write(body);
        response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(response.HttpContext.Request.Method))
        {
            await response.Body.WriteAsync(body.WrittenMemory);
        }
    }

    private void Write(ArrayBufferWriter<byte> body)
    {
        using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        json.WriteString("type", $"urn:embedstore:error:{Code}");
        json.WriteString("title", Title(Code));
        json.WriteNumber("status", Status);
        json.WriteString("detail", Detail);
        json.WriteString("code", Code);
        foreach (Fact fact in Facts)
        {
            json.WritePropertyName(fact.Name);
            WriteValue(json, fact.Value);
        }

        json.WriteEndObject();
    }

    private static string Title(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('_', ' ');

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case string text: json.WriteStringValue(text); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case System.Collections.IEnumerable list:
                json.WriteStartArray();
                foreach (object? item in list)
                {
                    WriteValue(json, item);
                }

                json.WriteEndArray();
                break;
            default: json.WriteStringValue(value.ToString()); break;
        }
    }
}
