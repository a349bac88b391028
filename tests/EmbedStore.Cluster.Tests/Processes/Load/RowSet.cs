using System.Runtime.InteropServices;
using EmbedStore.Serving;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Rows of which every element holds the same number, unless they are torn.</summary>
internal static class RowSet
{
    /// <summary>The first half of the table: for writers with a ledger. The second half is for single rows whose shard matters.</summary>
    public const int LedgerRowCount = SiloCluster.RowCount / 2;

    public const string LedgerIndex = "[:64]";

    /// <summary>Rows of the second half that lie in a shard.</summary>
    public static int[] OfShard(int shard) =>
        [.. Enumerable.Range(LedgerRowCount, SiloCluster.RowCount - LedgerRowCount).Where(row => ShardHash.ShardOf(row, SiloCluster.ShardCount) == shard)];

    /// <summary>The number in each row.</summary>
    /// <exception cref="InvalidOperationException">A row holds two numbers.</exception>
    public static float[] NumbersOf(Answer answer)
    {
        float[] elements = MemoryMarshal.Cast<byte, float>(answer.Rows().Data.Span).ToArray();
        var numbers = new float[elements.Length / SiloCluster.Width];
        for (int row = 0; row < numbers.Length; row++)
        {
            ReadOnlySpan<float> found = elements.AsSpan(row * SiloCluster.Width, SiloCluster.Width);
            numbers[row] = found.ContainsAnyExcept(found[0]) ? throw new InvalidOperationException($"Row {row} is torn: [{string.Join(", ", found.ToArray())}]") : found[0];
        }

        return numbers;
    }

    /// <summary>Writes one number into rows.</summary>
    public static Task<Answer> PutAsync(ApiClient api, int[] rows, float number, params (string, string)[] headers) => api.SendAsync(
        HttpMethod.Post, $"/v1/tables/{SiloCluster.Table}/put", WireBody.Content(WireFormat.Safetensors, Tensors(rows, "values", number)), headers: headers);

    /// <summary>Reads rows.</summary>
    public static Task<Answer> GatherAsync(ApiClient api, string index, params (string, string)[] headers) => api.SendAsync(
        HttpMethod.Post, $"/v1/tables/{SiloCluster.Table}/gather?index={Uri.EscapeDataString(index)}", accept: WireBody.MediaTypeOf(WireFormat.Safetensors), headers: headers);

    /// <summary>The body of a write that treats all elements alike.</summary>
    public static Dictionary<string, Tensor> Tensors(int[] rows, string name, float number) => new()
    {
        ["ids"] = Tensor.Of(TensorShape.Of(rows.Length), Array.ConvertAll(rows, static row => (long)row)),
        [name] = Tensor.Of(TensorShape.Of(rows.Length, SiloCluster.Width), Enumerable.Repeat(number, rows.Length * SiloCluster.Width).ToArray()),
    };
}
