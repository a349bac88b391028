using System.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>The native API as tests call it. Every answer comes back, refusals too.</summary>
/// <param name="http">Its base address is the server.</param>
public sealed class ApiClient(HttpClient http)
{
    public static readonly IReadOnlyDictionary<string, Tensor> NoTensors = new Dictionary<string, Tensor>();

    public HttpClient Http => http;

    public static Dictionary<string, Tensor> Ids(params long[] ids) => new() { ["ids"] = Tensor.Of(TensorShape.Of(ids.Length), ids) };

    /// <summary>Sends anything.</summary>
    /// <param name="method">Verb.</param>
    /// <param name="path">Path and query, escaped.</param>
    /// <param name="content">Body, or null.</param>
    /// <param name="accept">As it stands in the header, or null.</param>
    /// <param name="headers">More headers.</param>
    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content = null, string? accept = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    public Task<Answer> GetAsync(string path, string? accept = null) => SendAsync(HttpMethod.Get, path, accept: accept);

    /// <param name="table">Name.</param>
    /// <param name="spec">JSON.</param>
    public Task<Answer> CreateAsync(string table, string spec) =>
        SendAsync(HttpMethod.Put, $"/v1/tables/{table}", new StringContent(spec, Encoding.UTF8, "application/json"));

    public Task<Answer> DropAsync(string table) => SendAsync(HttpMethod.Delete, $"/v1/tables/{table}");

    /// <summary>A data call with the subscript in the query string.</summary>
    /// <param name="table">Name.</param>
    /// <param name="verb"><c>gather</c>, <c>put</c>, ...</param>
    /// <param name="index">Subscript; null: the call's default.</param>
    /// <param name="tensors">None: no body.</param>
    /// <param name="query">More parameters: <c>dtype=F16&amp;status=true</c>.</param>
    /// <param name="format">Encoding of the request.</param>
    /// <param name="accept">Of the answer; null: safetensors when there is no body.</param>
    public Task<Answer> CallAsync(
        string table,
        string verb,
        string? index = null,
        IReadOnlyDictionary<string, Tensor>? tensors = null,
        string query = "",
        WireFormat format = WireFormat.Safetensors,
        string? accept = null)
    {
        string path = $"/v1/tables/{table}/{verb}?{(index is null ? "" : "index=" + Uri.EscapeDataString(index) + "&")}{query}";
        bool hasBody = tensors is { Count: > 0 };
        return SendAsync(HttpMethod.Post, path, hasBody ? WireBody.Content(format, tensors!) : null, accept ?? (hasBody ? null : WireBody.MediaTypeOf(WireFormat.Safetensors)));
    }

    public Task<Answer> GatherAsync(string table, string? index = null, IReadOnlyDictionary<string, Tensor>? tensors = null, string query = "") =>
        CallAsync(table, "gather", index, tensors, query);

    public Task<Answer> PutAsync(string table, string index, Tensor values, IReadOnlyDictionary<string, Tensor>? tensors = null, bool accumulate = false) =>
        CallAsync(table, "put", index, new Dictionary<string, Tensor>(tensors ?? NoTensors) { ["values"] = values }, accumulate ? "accumulate=true" : "");
}
