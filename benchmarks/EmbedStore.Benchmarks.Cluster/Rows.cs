namespace EmbedStore.Benchmarks.Cluster;

/// <summary>Rows of one answer. Immutable, so that the runtime does not copy them once more.</summary>
[GenerateSerializer, Immutable]
[Alias("EmbedStore.Benchmarks.Rows")]
public sealed record Rows([property: Id(0)] byte[] Bytes);

[Alias("EmbedStore.Benchmarks.IRowsGrain")]
public interface IRowsGrain : IGrainWithIntegerKey
{
    /// <summary>Names the process.</summary>
    [Alias("ProcessId")]
    Task<int> ProcessIdAsync();

    [Alias("Read")]
    Task<Rows> ReadAsync(int byteCount);
}

public sealed class RowsGrain : Grain, IRowsGrain
{
    private Rows _rows = new([]);

    public Task<int> ProcessIdAsync() => Task.FromResult(Environment.ProcessId);

    public Task<Rows> ReadAsync(int byteCount)
    {
        if (_rows.Bytes.Length != byteCount)
        {
            _rows = new Rows(Content.Of(byteCount));
        }

        return Task.FromResult(_rows);
    }
}

/// <summary>Bytes that both sides know.</summary>
internal static class Content
{
    public static byte[] Of(int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        new Random(byteCount).NextBytes(bytes);
        return bytes;
    }
}
