using System.Text.Json;
using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>Cases that PyTorch and NumPy computed, one JSON object a line.</summary>
public static class GoldenCases
{
    public static IReadOnlyList<JsonElement> Indexing { get; } = Read("indexing.jsonl");

    public static IReadOnlyList<JsonElement> Embedding(string kind) =>
        Read("embedding.jsonl").Where(line => line.GetProperty("kind").GetString() == kind).ToList();

    public static TensorShape ShapeOf(JsonElement sizes) => TensorShape.Of(sizes.EnumerateArray().Select(size => size.GetInt64()).ToArray());

    /// <summary>The tensors of an indexing case: I64 or BOOL.</summary>
    public static Dictionary<string, Tensor> TensorsOf(JsonElement line) => line.GetProperty("tensors").EnumerateObject().ToDictionary(
        property => property.Name,
        property => TensorOf(property.Value));

    public static Dialect DialectOf(JsonElement line) => line.GetProperty("library").GetString() == "numpy" ? Dialect.NumPy : Dialect.PyTorch;

    private static Tensor TensorOf(JsonElement value)
    {
        TensorShape shape = ShapeOf(value.GetProperty("shape"));
        IEnumerable<JsonElement> data = value.GetProperty("data").EnumerateArray();
        return value.GetProperty("dtype").GetString() switch
        {
            "BOOL" => new Tensor(ElementType.Bool, shape, data.Select(flag => flag.ValueKind == JsonValueKind.Number ? (byte)flag.GetInt32() : (byte)(flag.GetBoolean() ? 1 : 0)).ToArray()),
            "I64" => Tensor.Of(shape, data.Select(number => number.GetInt64()).ToArray()),
            string other => throw new InvalidDataException($"No golden tensor is {other}."),
            null => throw new InvalidDataException("A golden tensor has a dtype."),
        };
    }

    private static List<JsonElement> Read(string name) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Golden", name)).Select(line => JsonDocument.Parse(line).RootElement).ToList();
}
