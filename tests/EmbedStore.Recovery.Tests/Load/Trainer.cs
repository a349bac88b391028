using System.Globalization;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>A writer with sequences: every batch counts once, however often it is sent and whatever dies in between.</summary>
/// <remarks>What its rows must hold is known exactly, because an open batch is sent again until it is acknowledged.</remarks>
internal sealed class Trainer(string table, string name, int firstRow, int rowCount, int seed) : Worker(table, firstRow, rowCount, seed)
{
    private const int BatchRowCountMax = 23;

    private readonly float[] _expected = new float[rowCount];
    private Batch? _open;

    /// <summary>Batches that were sent again although they had been acknowledged, and were told so.</summary>
    public long DuplicateCount { get; private set; }

    public override async Task<string?> CheckAsync(ApiClient api)
    {
        long sequence = (await api.GetAsync($"/v1/tables/{Table}/writers/{name}")).Success()["sequence"].GetInt64();
        long ahead = sequence - AcknowledgedCount;
        if (ahead is not 0 && !(ahead is 1 && _open is not null))
        {
            return $"{name} of {Table}: {AcknowledgedCount} batches were acknowledged, the server stands at {sequence}";
        }

        // Whatever part of the open batch is there, sending it again completes it.
        if (_open is not null)
        {
            await SendOpenAsync(api);
        }

        float[] found = await ReadAsync(api);
        int wrong = Enumerable.Range(0, RowCount).FirstOrDefault(row => found[row] != _expected[row], -1);
        return wrong < 0 ? null : $"{name} of {Table}: row {FirstRow + wrong} holds {found[wrong]}, expected {_expected[wrong]} after {AcknowledgedCount} batches";
    }

    protected override async Task WriteAsync(ApiClient api)
    {
        _open = Batch.Draw(Random, RowCount, BatchRowCountMax);
        Batch sent = _open;
        await SendOpenAsync(api);

        // A client that missed the answer sends once more.
        if (Random.Next(8) == 0)
        {
            Answer again = await SendAsync(api, sent, AcknowledgedCount);
            if (again.Headers.GetValueOrDefault("embedstore-duplicate") != "true")
            {
                throw new InvalidOperationException($"{name} of {Table}: sequence {AcknowledgedCount} was taken twice: {again.Text}");
            }

            DuplicateCount++;
        }
    }

    private async Task SendOpenAsync(ApiClient api)
    {
        await SendAsync(api, _open!, AcknowledgedCount + 1);
        _open!.ApplyTo(_expected);
        _open = null;
        AcknowledgedCount++;
    }

    private async Task<Answer> SendAsync(ApiClient api, Batch batch, long sequence) => (await api.SendAsync(
        HttpMethod.Post,
        $"/v1/tables/{Table}/{batch.Call}",
        WireBody.Content(WireFormat.Safetensors, batch.Tensors(FirstRow)),
        headers: [("Embedstore-Writer", name), ("Embedstore-Sequence", sequence.ToString(CultureInfo.InvariantCulture))])).Success();
}
