using System.Text.Json;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>What every refusal must be: API section 5.</summary>
internal static class Expect
{
    private static readonly string[] Members = ["type", "title", "detail"];

    /// <param name="answer">The refusal.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">The reason.</param>
    /// <param name="fields">As JSON: <c>"tensor": "ids", "position": [1]</c>.</param>
    public static void Refused(Answer answer, int status, string code, string fields = "")
    {
        Assert.True(answer.Status == status && answer.Code == code, $"expected {status} {code}, was {answer.Status} {answer.Text}");
        Assert.Equal(status, answer["status"].GetInt32());
        Assert.All(Members, name => Assert.NotEmpty(answer[name].GetString()!));
        foreach (JsonProperty field in JsonDocument.Parse("{" + fields + "}").RootElement.EnumerateObject())
        {
            Assert.True(answer.Json.TryGetProperty(field.Name, out JsonElement value), $"no {field.Name} in {answer.Text}");
            Assert.True(JsonElement.DeepEquals(field.Value, value), $"{field.Name} of {answer.Text}");
        }
    }
}
