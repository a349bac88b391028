using System.Net.Sockets;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Recovery.Tests;

/// <summary>One connection that writes to rows of one table that are its own, and knows what they must hold.</summary>
/// <param name="table">Name.</param>
/// <param name="firstRow">Of its rows.</param>
/// <param name="rowCount">Of its rows; they are spread over all shards.</param>
/// <param name="seed">Of all that it draws.</param>
internal abstract class Worker(string table, int firstRow, int rowCount, int seed)
{
    /// <summary>Acknowledged batches between two snapshots that a worker asks for, on average.</summary>
    private const int BatchesPerSnapshot = 60;

    /// <summary>Batches that were acknowledged.</summary>
    public long AcknowledgedCount { get; protected set; }

    /// <summary>Snapshots that were acknowledged.</summary>
    public long SnapshotCount { get; private set; }

    protected string Table => table;

    protected int FirstRow => firstRow;

    protected int RowCount => rowCount;

    protected Random Random { get; } = new(seed);

    /// <summary>Compares what is there with what must be, and then writes until the server is gone.</summary>
    /// <param name="server">Its address.</param>
    /// <param name="acknowledged">Called for each batch.</param>
    /// <exception cref="InvalidOperationException">Something was lost or counted twice, or a call was refused.</exception>
    public async Task WorkAsync(Uri server, Action acknowledged)
    {
        using var http = new HttpClient { BaseAddress = server, Timeout = ServerProgram.Patience };
        var api = new ApiClient(http);
        try
        {
            if (await CheckAsync(api) is { } problem)
            {
                throw new InvalidOperationException(problem);
            }

            while (true)
            {
                await WriteAsync(api);
                acknowledged();
                await SnapshotSometimesAsync(api);
            }
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // Killed. What was on its way is settled with the next server.
        }
    }

    /// <summary>What a call throws when the server died under it. HttpClient does not wrap the refusal of a connection that is reset while it is made.</summary>
    public static bool IsGone(Exception fault) => fault is HttpRequestException or SocketException;

    /// <summary>Null when the server has all that was acknowledged, each batch once.</summary>
    public abstract Task<string?> CheckAsync(ApiClient api);

    /// <summary>Sends one batch.</summary>
    protected abstract Task WriteAsync(ApiClient api);

    /// <summary>The number in each row.</summary>
    /// <exception cref="InvalidOperationException">A row holds two numbers: it is torn.</exception>
    protected async Task<float[]> ReadAsync(ApiClient api)
    {
        Tensor rows = (await api.GatherAsync(table, FormattableString.Invariant($"[{firstRow}:{firstRow + rowCount}]"))).Rows();
        float[] elements = MemoryMarshal.Cast<byte, float>(rows.Data.Span).ToArray();
        for (int row = 0; row < rowCount; row++)
        {
            ReadOnlySpan<float> found = elements.AsSpan(row * Batch.Width, Batch.Width);
            if (found.ContainsAnyExcept(found[0]))
            {
                throw new InvalidOperationException($"{table}: row {firstRow + row} is torn: [{string.Join(", ", found.ToArray())}]");
            }
        }

        return [.. Enumerable.Range(0, rowCount).Select(row => elements[row * Batch.Width])];
    }

    private async Task SnapshotSometimesAsync(ApiClient api)
    {
        if (Random.Next(BatchesPerSnapshot) == 0)
        {
            (await api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/snapshot")).Success();
            SnapshotCount++;
        }
    }
}
