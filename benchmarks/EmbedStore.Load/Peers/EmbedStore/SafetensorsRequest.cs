using System.Buffers.Binary;
using System.Text;
using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>Bodies of calls with ids, as safetensors: 8 bytes length of the header, the header in JSON, the tensors' bytes.</summary>
internal static class SafetensorsRequest
{
    public const string MediaType = "application/x-safetensors";

    private const int LengthByteCount = sizeof(ulong);

    /// <summary>A call with <c>ids</c> alone.</summary>
    /// <param name="target">Path and query.</param>
    /// <param name="batch">Its ids stand at the end of the request, where those of another batch of its shape may be put.</param>
    /// <param name="headers">More headers, each with its line end.</param>
    public static HttpRequest OfIds(string target, IdBatch batch, string headers = "") =>
        Prepare(target, $"{{{Entry("ids", "I64", $"{batch.BagCount},{batch.BagLength}", 0, batch.Bytes.Length)}}}", batch.Bytes, headers);

    /// <summary>A call with <c>ids</c>, one a row, and a row of floats for each.</summary>
    /// <param name="target">Path and query.</param>
    /// <param name="batch">Shape [n, 1].</param>
    /// <param name="rowsName">How the call names the second tensor.</param>
    /// <param name="rows">Shape [n, row bytes].</param>
    public static HttpRequest OfRows(string target, IdBatch batch, string rowsName, ReadOnlySpan<byte> rows)
    {
        int end = batch.Bytes.Length;
        int width = rows.Length / batch.Count / sizeof(float);
        string header = $"{{{Entry("ids", "I64", $"{batch.Count}", 0, end)},{Entry(rowsName, "F32", $"{batch.Count},{width}", end, end + rows.Length)}}}";
        return Prepare(target, header, [.. batch.Bytes, .. rows]);
    }

    /// <summary>A call with one tensor.</summary>
    public static HttpRequest OfTensor(string target, string name, ElementType type, TensorShape shape, ReadOnlySpan<byte> data) =>
        Prepare(target, $"{{{Entry(name, type.WireName(), string.Join(',', shape), 0, data.Length)}}}", data);

    /// <summary>A lookup of many tables: row i of the ids are those of table i.</summary>
    public static HttpRequest OfFeatures(IReadOnlyList<EmbedStoreTable> tables, IdBatch batch)
    {
        int byteCount = batch.BagLength * sizeof(long);
        string features = "[" + string.Join(',', tables.Select(static (table, number) => $$"""{"name":"{{FeatureName(number)}}","table":"{{table.Name}}"}""")) + "]";
        IEnumerable<string> ids = tables.Select((_, number) => Entry(FeatureName(number) + ".ids", "I64", $"{batch.BagLength}", number * byteCount, (number + 1) * byteCount));
        return Prepare("/v1/lookup", $$"""{"__metadata__":{"features":"{{features.Replace("\"", "\\\"", StringComparison.Ordinal)}}"},{{string.Join(',', ids)}}}""", batch.Bytes);
    }

    /// <summary>How <see cref="OfFeatures"/> names what it asks of a table.</summary>
    public static string FeatureName(int table) => $"f{table}";

    private static string Entry(string name, string type, string shape, int begin, int end) =>
        $"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{shape}],\"data_offsets\":[{begin},{end}]}}";

    /// <summary>Pads the header, so that the tensors begin at a multiple of 8.</summary>
    private static HttpRequest Prepare(string target, string header, ReadOnlySpan<byte> data, string headers = "")
    {
        byte[] text = Encoding.ASCII.GetBytes(header.PadRight((header.Length + LengthByteCount - 1) / LengthByteCount * LengthByteCount));
        byte[] length = new byte[LengthByteCount];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        return HttpConnection.Prepare(target, MediaType, [.. length, .. text, .. data], headers);
    }
}
