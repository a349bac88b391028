namespace EmbedStore.Load;

/// <summary>Question: does a large table read as fast as a small one?</summary>
internal sealed class GrowthWorkload : IWorkload
{
    private const int Width = 16;
    private const long SmallRowCount = 100_000;

    private static readonly Goal Goal = Goal.AtLeast(0.6);

    public string Name => "growth";

    public string Describe(LoadOptions options) =>
        $"(512, 64) uniform ids over HTTP on one connection, {options.GrowthRowCount:N0} × 16 F32 over {SmallOf(options).RowCount:N0} × 16, both resident on one server. The last line is a plain loop that copies the rows of as large arrays in this process: what the machine's memory gives.";

    public IReadOnlyList<Line> Run(Stage stage)
    {
        RowSet small = SmallOf(stage.Options);
        var large = new RowSet(stage.Options.GrowthRowCount, Width);
        using EmbedStoreServer server = stage.Serve(Stage.MemoryByteCountFor(large));
        using var smallPeer = new EmbedStorePeer(EmbedStoreTable.Load(server, "small", small), "small");
        using var largePeer = new EmbedStorePeer(EmbedStoreTable.Load(server, "large", large), "large");
        IdBatch[] smallBatches = Shapes.Large(IdSource.Uniform(small.RowCount), small);
        IdBatch[] largeBatches = Shapes.Large(IdSource.Uniform(large.RowCount), large);
        SameBytes.Require(small, smallBatches, smallPeer);
        SameBytes.Require(large, largeBatches, largePeer);
        byte[] answer = Shapes.Answer(largeBatches, large);
        Rounds rounds = Rounds.Run(
            stage.Options,
            Sampling.Throughput(stage.Options, smallPeer.Name, smallBatches, batch => smallPeer.Read(batch, answer)),
            Sampling.Throughput(stage.Options, largePeer.Name, largeBatches, batch => largePeer.Read(batch, answer)));
        return [Line.Of($"rows/s at {large.RowCount:N0} rows / at {small.RowCount:N0}, K = {Width}", rounds, largePeer.Name, smallPeer.Name, Unit.RowsPerSecond, Goal), Copied(stage.Options, small, large)];
    }

    /// <summary>An array has 2 GiB at most, which no cache has either.</summary>
    private static Line Copied(LoadOptions options, RowSet small, RowSet large)
    {
        const string Small = "small copy";
        const string Large = "large copy";
        large = large with { RowCount = Math.Min(large.RowCount, Array.MaxLength / large.RowByteCount) };
        using var smallCopy = new DenseCopyPeer(small);
        using var largeCopy = new DenseCopyPeer(large);
        IdBatch[] smallBatches = Shapes.Large(IdSource.Uniform(small.RowCount), small);
        IdBatch[] largeBatches = Shapes.Large(IdSource.Uniform(large.RowCount), large);
        byte[] answer = Shapes.Answer(largeBatches, large);
        Rounds rounds = Rounds.Run(
            options,
            Sampling.Throughput(options, Small, smallBatches, batch => smallCopy.Read(batch, answer)),
            Sampling.Throughput(options, Large, largeBatches, batch => largeCopy.Read(batch, answer)));
        return Line.Of($"{largeCopy.Name} at {large.RowCount:N0} rows / at {small.RowCount:N0}, K = {Width}", rounds, Large, Small, Unit.RowsPerSecond, null);
    }

    private static RowSet SmallOf(LoadOptions options) => new(Math.Min(SmallRowCount, options.GrowthRowCount / 2), Width);
}
