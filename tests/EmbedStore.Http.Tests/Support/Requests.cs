using System.Text;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>Calls whose body is written out in the test.</summary>
internal static class Requests
{
    public static Task<Answer> PostJsonAsync(this ApiClient api, string path, string json, string? accept = null, params (string Name, string Value)[] headers) =>
        api.SendAsync(HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"), accept, headers);
}
