using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests;

/// <summary>Tables that many tests begin with.</summary>
internal static class Tables
{
    /// <summary>A name that no other test has.</summary>
    public static string NewName() => $"t-{Guid.NewGuid():N}";

    /// <param name="api">The server.</param>
    /// <param name="shape">As it stands in the spec: <c>[8, 2]</c>.</param>
    /// <param name="more">More fields of the spec: <c>, "dtype": "F16"</c>.</param>
    /// <returns>The new table's name.</returns>
    public static async Task<string> NewAsync(this ApiClient api, string shape, string more = "")
    {
        string table = NewName();
        (await api.CreateAsync(table, $$"""{"shape": {{shape}}{{more}}}""")).Success();
        return table;
    }

    /// <summary>A new I64 table that counts its elements: what it holds is where it stands.</summary>
    public static async Task<string> NewCountedAsync(this ApiClient api, params long[] sizes)
    {
        string table = await api.NewAsync($"[{string.Join(',', sizes)}]", ", \"dtype\": \"I64\"");
        TensorShape shape = TensorShape.Of(sizes);
        (await api.PutAsync(table, "[...]", Counted(shape))).Success();
        return table;
    }

    public static Tensor Counted(TensorShape shape) => Tensor.Of(shape, Enumerable.Range(0, (int)shape.ElementCount).Select(static i => (long)i).ToArray());

    /// <summary>Every element, in the table's own type.</summary>
    public static async Task<byte[]> ReadWholeAsync(this ApiClient api, string table) => (await api.GatherAsync(table, "[...]")).Rows().Data.ToArray();
}
