using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>The few calls of the native API that the quickstart makes. Data travels as safetensors.</summary>
internal sealed class QuickstartClient(Uri server, string? key, CancellationToken cancellation) : IDisposable
{
    private const string Safetensors = "application/x-safetensors";

    private readonly HttpClient _http = new()
    {
        BaseAddress = server,
        Timeout = TimeSpan.FromMinutes(1),
        DefaultRequestHeaders = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) },
    };

    /// <param name="table">Name.</param>
    /// <param name="spec">JSON.</param>
    public async Task CreateTableAsync(string table, string spec)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/v1/tables/{table}") { Content = new StringContent(spec, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await SendAsync(request);
    }

    public async Task DropTableAsync(string table)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/v1/tables/{table}");
        using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
        Check.That(response.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotFound, $"DELETE /v1/tables/{table}", "204, or 404 where there is none", $"{(int)response.StatusCode}");
    }

    public async Task<IReadOnlyList<string>> TableNamesAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/tables");
        using HttpResponseMessage response = await SendAsync(request);
        using JsonDocument list = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
        return [.. list.RootElement.GetProperty("tables").EnumerateArray().Select(static table => table.GetProperty("name").GetString()!)];
    }

    /// <summary><c>rows = table[index]</c>.</summary>
    /// <param name="table">Name.</param>
    /// <param name="index">Subscript, brackets included.</param>
    /// <param name="tensors">Those that the subscript names.</param>
    /// <param name="permute">Order of the answer's dimensions, or null.</param>
    /// <param name="buffer">Takes the answer when it is long enough; the result then views it.</param>
    public Task<Tensor> GatherAsync(string table, string index, Named tensors, string? permute = null, byte[]? buffer = null) =>
        AskAsync(table, "gather", index, tensors, "rows", permute is null ? "" : "&permute=" + permute, buffer);

    /// <summary>For each element of <c>table[index]</c>, its flat position in the table.</summary>
    public Task<Tensor> SourceAsync(string table, string index, Named tensors) =>
        AskAsync(table, "source", index, tensors, "positions", "", null);

    /// <summary><c>table[index] = values</c>, or <c>+=</c>.</summary>
    public async Task PutAsync(string table, string index, Named tensors, Tensor values, bool accumulate = false)
    {
        using HttpRequestMessage request = Post(table, "put", index, accumulate ? "&accumulate=true" : "", new Named(tensors) { ["values"] = values });
        request.Headers.Accept.Add(new("application/json"));
        using HttpResponseMessage response = await SendAsync(request);
    }

    /// <summary>Waits until the server has recovered all that it owns.</summary>
    /// <exception cref="CheckFailedException">It answers neither ready nor not yet.</exception>
    /// <exception cref="TimeoutException">It was not ready within half a minute.</exception>
    public async Task WaitUntilReadyAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!limit.IsCancellationRequested)
        {
            using HttpResponseMessage response = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellation);
            if (response.IsSuccessStatusCode)
            {
                return;
            }

            int status = (int)response.StatusCode;
            Check.That(response.StatusCode == HttpStatusCode.ServiceUnavailable, "GET /health/ready", "200, or 503 until it is ready", $"{status}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }

        throw new TimeoutException("The server was not ready within 30 seconds.");
    }

    public void Dispose() => _http.Dispose();

    private async Task<Tensor> AskAsync(string table, string verb, string index, Named tensors, string answer, string query, byte[]? buffer)
    {
        using HttpRequestMessage request = Post(table, verb, index, query, tensors);
        request.Headers.Accept.Add(new(Safetensors));
        using HttpResponseMessage response = await SendAsync(request);
        return SafetensorsBody.Read(await ReadAsync(response.Content, buffer), answer);
    }

    private static HttpRequestMessage Post(string table, string verb, string index, string query, Named tensors)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/tables/{table}/{verb}?index={Uri.EscapeDataString(index)}{query}");
        if (tensors.Count > 0)
        {
            request.Content = new ByteArrayContent(SafetensorsBody.Write(tensors));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(Safetensors);
        }

        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        string body = await response.Content.ReadAsStringAsync(cancellation);
        response.Dispose();
        throw new CheckFailedException($"{request.Method} {Uri.UnescapeDataString(request.RequestUri!.ToString())}", "an answer", $"{(int)response.StatusCode} {body}");
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, byte[]? buffer)
    {
        if (content.Headers.ContentLength is not { } length || buffer is null || buffer.Length < length)
        {
            return await content.ReadAsByteArrayAsync(cancellation);
        }

        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, (int)length), cancellation);
        return buffer.AsMemory(0, (int)length);
    }
}
