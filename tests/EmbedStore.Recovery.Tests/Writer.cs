using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>One connection that assigns to and counts up its own rows of one table, until the server is gone.</summary>
internal sealed class Writer(string table, int firstRow, int rowCount, int seed)
{
    private readonly Random _random = new(seed);
    private readonly WriterLedger _ledger = new(rowCount);

    public int AcknowledgedCount => _ledger.AcknowledgedCount;

    /// <summary>Writes until a call fails. What is acknowledged is noted before the next begins.</summary>
    public async Task WriteAsync(Uri server, Action acknowledged)
    {
        using var http = new HttpClient { BaseAddress = server, Timeout = ServerProgram.Patience };
        var api = new ApiClient(http);
        try
        {
            while (true)
            {
                int[] rows = [.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => _random.Next(rowCount))];
                long? assigned = _random.Next(3) == 0 ? _random.Next(1_000_000) : null;
                _ledger.Begin(rows, assigned);
                Tensor values = Tensor.Of(TensorShape.Scalar, assigned ?? 1L);
                (await api.PutAsync(table, "[ids]", values, ApiClient.Ids([.. rows.Select(row => (long)firstRow + row)]), accumulate: assigned is null)).Success();
                _ledger.Acknowledge();
                acknowledged();
            }
        }
        catch (HttpRequestException)
        {
            // Killed: the last operation stays open in the ledger.
        }
    }

    /// <summary>Null when the server holds what the ledger says.</summary>
    public async Task<string?> CheckAsync(ApiClient api)
    {
        Tensor rows = (await api.GatherAsync(table, FormattableString.Invariant($"[{firstRow}:{firstRow + rowCount}]"))).Rows();
        long[] found = MemoryMarshal.Cast<byte, long>(rows.Data.Span).ToArray();
        for (int row = 0; row < rowCount; row++)
        {
            if (found[2 * row] != found[(2 * row) + 1])
            {
                return $"{table}: row {firstRow + row} is torn: {found[2 * row]} beside {found[(2 * row) + 1]}";
            }
        }

        string? problem = _ledger.Reconcile([.. Enumerable.Range(0, rowCount).Select(row => found[2 * row])]);
        return problem is null ? null : $"{table} from row {firstRow}: {problem}";
    }
}
