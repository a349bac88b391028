using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>At each place of a map, the best of three scores picks a channel; the same choice as one-hot vectors.</summary>
internal sealed class ArgmaxStep : IStep
{
    public const string Features = "features";

    public const string Table = "onehot";

    private const int Batch = 2;
    private const int Classes = 3;
    private const int Channels = 10;
    private const int Height = 4;
    private const int Width = 5;
    private const int Places = Batch * Height * Width;

    public string Title => "Let scores choose: argmax, and its one-hot";

    public async Task RunAsync(Stage stage)
    {
        var random = new Random(1);
        float[] scores = [.. Enumerable.Range(0, Batch * Classes * Height * Width).Select(_ => random.NextSingle())];
        Tensor tensor = Tensor.Of(TensorShape.Of(Batch, Classes, Height, Width), scores);
        int[] best = [.. Enumerable.Range(0, Places).Select(place => Best(scores, place))];
        await PickAsync(stage, tensor, best);
        await OneHotAsync(stage, tensor, best);
    }

    private static async Task PickAsync(Stage stage, Tensor scores, int[] best)
    {
        var features = new Mirror(Features, TensorShape.Of(Batch, Channels, Height, Width), position => position * 0.5f);
        await stage.FillAsync(features);
        var tensors = new Named
        {
            ["b"] = Tensor.Of(TensorShape.Of(Batch, 1, 1), [0L, 1L]),
            ["h"] = Tensor.Of(TensorShape.Of(1, Height, 1), [0L, 1L, 2L, 3L]),
            ["w"] = Tensor.Of(TensorShape.Of(1, 1, Width), [0L, 1L, 2L, 3L, 4L]),
            ["scores"] = scores,
        };
        long[] positions = [.. best.Select((channel, place) => (long)Position(place, channel, Channels))];
        await stage.CheckGatherAsync(features, "[b, argmax(scores, 1), h, w]", tensors, Tensor.Of(TensorShape.Of(Batch, Height, Width), positions));
    }

    private static async Task OneHotAsync(Stage stage, Tensor scores, int[] best)
    {
        const string Index = "[argmax(scores, 1)]";
        await stage.Client.CreateTableAsync(Table, $$$"""{"shape": [{{{Classes}}}, {{{Classes}}}], "missing": "initialize", "initializer": {"kind": "identity"}}""");
        var identity = new Mirror(Table, TensorShape.Of(Classes, Classes), position => position / Classes == position % Classes ? 1 : 0);
        stage.Mirrors.Add(identity);

        var tensors = new Named { ["scores"] = scores };
        long[] positions = [.. best.SelectMany(row => Enumerable.Range(0, Classes).Select(column => (long)((row * Classes) + column)))];
        await stage.CheckGatherAsync(identity, Index, tensors, Tensor.Of(TensorShape.Of(Batch, Height, Width, Classes), positions));

        var permuted = new float[scores.Shape.ElementCount];
        for (int place = 0; place < Places; place++)
        {
            permuted[Position(place, best[place], Classes)] = 1;
        }

        Tensor expected = Tensor.Of(scores.Shape, permuted);
        Check.Same(Table + Index + ".permute(0, 3, 1, 2)", expected, await stage.Client.GatherAsync(Table, Index, tensors, permute: "0,3,1,2"));
        stage.Report.Held(Table + Index + ".permute(0, 3, 1, 2)", $"{tensors} -> {Python.Shape(expected.Shape)}");
    }

    /// <summary>The first class with the highest score.</summary>
    private static int Best(float[] scores, int place)
    {
        int best = 0;
        for (int c = 1; c < Classes; c++)
        {
            best = scores[Position(place, c, Classes)] > scores[Position(place, best, Classes)] ? c : best;
        }

        return best;
    }

    /// <summary>Flat position of one channel at one place, in a map of shape (Batch, channels, Height, Width).</summary>
    private static int Position(int place, int channel, int channels)
    {
        (int batch, int pixel) = Math.DivRem(place, Height * Width);
        return (((batch * channels) + channel) * Height * Width) + pixel;
    }
}
