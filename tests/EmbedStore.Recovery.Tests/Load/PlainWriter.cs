using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>A writer without sequences: a batch that was not acknowledged may be there or not, and in each row for itself, for each shard decides for its part.</summary>
internal sealed class PlainWriter(string table, int firstRow, int rowCount, int seed) : Worker(table, firstRow, rowCount, seed)
{
    private const int BatchRowCountMax = 8;

    private readonly float[] _acknowledged = new float[rowCount];
    private readonly float[] _onItsWay = new float[rowCount];

    public override async Task<string?> CheckAsync(ApiClient api)
    {
        float[] found = await ReadAsync(api);
        for (int row = 0; row < RowCount; row++)
        {
            if (found[row] != _acknowledged[row] && found[row] != _onItsWay[row])
            {
                return $"{Table}: row {FirstRow + row} holds {found[row]}; acknowledged was {_acknowledged[row]}, on its way {_onItsWay[row]}";
            }
        }

        // Whichever it was, so it stays.
        found.CopyTo(_acknowledged, 0);
        found.CopyTo(_onItsWay, 0);
        return null;
    }

    protected override async Task WriteAsync(ApiClient api)
    {
        Batch batch = Batch.Draw(Random, RowCount, BatchRowCountMax);
        batch.ApplyTo(_onItsWay);
        (await api.SendAsync(HttpMethod.Post, $"/v1/tables/{Table}/{batch.Call}", WireBody.Content(WireFormat.Safetensors, batch.Tensors(FirstRow)))).Success();
        _onItsWay.CopyTo(_acknowledged, 0);
        AcknowledgedCount++;
    }
}
