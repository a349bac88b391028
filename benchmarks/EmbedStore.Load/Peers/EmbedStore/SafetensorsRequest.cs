using System.Buffers;
using EmbedStore.Tensors;

namespace EmbedStore.Load;

/// <summary>Calls with ids, as safetensors.</summary>
internal static class SafetensorsRequest
{
    private const string MediaType = "application/x-safetensors";

    /// <summary>A call with <c>ids</c> alone.</summary>
    /// <param name="target">Path and query.</param>
    /// <param name="batch">Its ids stand at the end of the request: see <see cref="HttpRequest.PutAtEnd"/>.</param>
    /// <param name="headers">More headers, each with its line end.</param>
    public static HttpRequest OfIds(string target, IdBatch batch, string headers = "") => Prepare(target, new() { ["ids"] = batch.Tensor }, headers);

    /// <summary>A call with <c>ids</c>, one a row, and a row of floats for each.</summary>
    /// <param name="target">Path and query.</param>
    /// <param name="batch">Shape [n, 1].</param>
    /// <param name="rowsName">How the call names the second tensor.</param>
    /// <param name="rows">Shape [n, row bytes].</param>
    public static HttpRequest OfRows(string target, IdBatch batch, string rowsName, byte[] rows) => Prepare(target, new()
    {
        ["ids"] = Tensor.Of(TensorShape.Of(batch.Count), batch.Ids),
        [rowsName] = new Tensor(ElementType.F32, TensorShape.Of(batch.Count, rows.Length / batch.Count / sizeof(float)), rows),
    });

    private static HttpRequest Prepare(string target, Dictionary<string, Tensor> tensors, string headers = "")
    {
        var body = new ArrayBufferWriter<byte>();
        SafetensorsWriter.Write(body, tensors);
        return HttpConnection.Prepare(target, MediaType, body.WrittenSpan, headers);
    }
}
