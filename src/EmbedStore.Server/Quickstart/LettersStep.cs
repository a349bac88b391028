using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>Eight examples for a character model: three letters each, looked up in a table of 27 letters.</summary>
internal sealed class LettersStep : IStep
{
    public const string Table = "letters";

    private const int Letters = 27;
    private const int Width = 4;
    private const int Examples = 8;
    private const int Context = 3;

    public string Title => "Look letters up: three before each letter of a name";

    public async Task RunAsync(Stage stage)
    {
        var letters = new Mirror(Table, TensorShape.Of(Letters, Width), position => (position / Width) + (position % Width * 0.25f));
        await stage.FillAsync(letters);

        string[] names = await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Quickstart", "names.txt"));
        long[] contexts = Contexts(names);
        Tensor x = Tensor.Of(TensorShape.Of(Examples, Context), contexts);
        Report.Note("X = " + string.Join(" ", contexts.Chunk(Context).Select(Spell)));
        await stage.CheckGatherAsync(letters, "[X]", new Named { ["X"] = x }, Positions(x, contexts));
        await CheckFirstAsync(stage, x, contexts[0]);
    }

    /// <summary>The windows that slide over each name, which begins and ends with the letter 0, written as a dot.</summary>
    internal static long[] Contexts(IEnumerable<string> names) =>
    [
        .. names.SelectMany(Windows).Take(Examples).SelectMany(window => window),
    ];

    private static IEnumerable<long[]> Windows(string name)
    {
        long[] letters = [.. new long[Context], .. name.Select(letter => (long)(letter - 'a' + 1))];
        for (int i = 0; i <= name.Length; i++)
        {
            yield return letters[i..(i + Context)];
        }
    }

    private static string Spell(long[] window) => string.Concat(window.Select(letter => letter == 0 ? '.' : (char)('a' + letter - 1)));

    private static Tensor Positions(Tensor x, long[] contexts) => Tensor.Of(
        TensorShape.Of([.. x.Shape, Width]),
        [.. contexts.SelectMany(letter => Enumerable.Range(0, Width).Select(column => (letter * Width) + column))]);

    private static async Task CheckFirstAsync(Stage stage, Tensor x, long letter)
    {
        Tensor rows = await stage.Client.GatherAsync(Table, "[X]", new Named { ["X"] = x });
        Tensor row = await stage.Client.GatherAsync(Table, $"[{letter}]", []);
        const int RowBytes = Width * sizeof(float);
        Check.Same("letters[X][0, 0]", row, new Tensor(rows.Type, TensorShape.Of(Width), rows.Data[..RowBytes]));
        stage.Report.Held($"letters[X][0, 0] == letters[{letter}]", Python.Shape(row.Shape));
    }
}
