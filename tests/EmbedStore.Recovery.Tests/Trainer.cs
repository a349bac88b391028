using System.Globalization;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>One writer with sequences: every batch counts once, however often it is sent and whatever dies in between.</summary>
/// <remarks>Its rows are its own, spread over all shards of the table. What they must hold is known exactly, because an open batch is sent again until it is acknowledged.</remarks>
internal sealed class Trainer(string table, string name, int firstRow, int rowCount, int seed)
{
    private readonly Random _random = new(seed);
    private readonly float[] _expected = new float[rowCount];
    private Batch? _open;

    /// <summary>Batches that were acknowledged.</summary>
    public long AcknowledgedCount { get; private set; }

    /// <summary>Batches that were sent again although they had been acknowledged, and were told so.</summary>
    public long DuplicateCount { get; private set; }

    /// <summary>Sends batches until a call fails.</summary>
    public async Task TrainAsync(Uri server, Action acknowledged)
    {
        using var http = new HttpClient { BaseAddress = server, Timeout = ServerProgram.Patience };
        var api = new ApiClient(http);
        try
        {
            while (true)
            {
                await SendOpenAsync(api);
                acknowledged();
            }
        }
        catch (HttpRequestException)
        {
            // Killed: the batch stays open, and is the first that the next server gets.
        }
    }

    /// <summary>Null when the server has what was acknowledged, each batch once.</summary>
    public async Task<string?> CheckAsync(ApiClient api)
    {
        long sequence = (await api.GetAsync($"/v1/tables/{table}/writers/{name}")).Success()["sequence"].GetInt64();
        long ahead = sequence - AcknowledgedCount;
        if (ahead is not 0 && !(ahead is 1 && _open is not null))
        {
            return $"{name} of {table}: {AcknowledgedCount} batches were acknowledged, the server stands at {sequence}";
        }

        // Whatever part of the open batch is there, sending it again completes it.
        await SendOpenAsync(api);
        Tensor rows = (await api.GatherAsync(table, FormattableString.Invariant($"[{firstRow}:{firstRow + rowCount}]"))).Rows();
        float[] found = MemoryMarshal.Cast<byte, float>(rows.Data.Span).ToArray();
        for (int row = 0; row < rowCount; row++)
        {
            if (found[2 * row] != _expected[row] || found[(2 * row) + 1] != _expected[row])
            {
                return $"{name} of {table}: row {firstRow + row} holds ({found[2 * row]}, {found[(2 * row) + 1]}), expected {_expected[row]} twice after {AcknowledgedCount} batches";
            }
        }

        return null;
    }

    private async Task SendOpenAsync(ApiClient api)
    {
        _open ??= Draw();
        await SendAsync(api, _open, AcknowledgedCount + 1);
        _open.ApplyTo(_expected);
        AcknowledgedCount++;
        Batch sent = _open;
        _open = null;

        // A client that missed the answer sends once more.
        if (_random.Next(8) == 0)
        {
            Answer again = await SendAsync(api, sent, AcknowledgedCount);
            if (again.Headers.GetValueOrDefault("embedstore-duplicate") != "true")
            {
                throw new InvalidOperationException($"{name}: sequence {AcknowledgedCount} was taken twice: {again.Text}");
            }

            DuplicateCount++;
        }
    }

    private async Task<Answer> SendAsync(ApiClient api, Batch batch, long sequence) => (await api.SendAsync(
        HttpMethod.Post,
        $"/v1/tables/{table}/{batch.Call}",
        WireBody.Content(WireFormat.Safetensors, batch.Tensors(firstRow)),
        headers: [("Embedstore-Writer", name), ("Embedstore-Sequence", sequence.ToString(CultureInfo.InvariantCulture))])).Success();

    private Batch Draw()
    {
        int[] rows = [.. Enumerable.Range(0, _random.Next(1, 24)).Select(_ => _random.Next(rowCount))];
        return new Batch((BatchKind)_random.Next(4), rows, _random.Next(1, 100));
    }
}
