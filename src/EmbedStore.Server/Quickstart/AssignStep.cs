using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>Slices, assignment, accumulation with a repeated index, masks.</summary>
internal sealed class AssignStep : IStep
{
    private const int Letters = 27;
    private const int Width = 4;
    private const float Large = 20;

    public string Title => "Slice, assign, accumulate, mask";

    public async Task RunAsync(Stage stage)
    {
        Mirror letters = stage.MirrorOf(LettersStep.Table);
        await stage.CheckGatherAsync(letters, "[1:3, 2:4]", [], Tensor.Of(TensorShape.Of(2, 2), [6L, 7L, 10L, 11L]));
        await AssignAsync(stage, letters);
        await AccumulateAsync(stage, letters);
        await GatherVowelsAsync(stage, letters);
        await ClearLargeAsync(stage, letters);
    }

    private static Task AssignAsync(Stage stage, Mirror letters)
    {
        long[] rows = [0, 5, 26];
        long[] columns = [1, 2, 3];
        for (int i = 0; i < rows.Length; i++)
        {
            letters.Values[(rows[i] * Width) + columns[i]] = 10;
        }

        var tensors = new Named { ["rows"] = Tensor.Of(TensorShape.Of(3), rows), ["cols"] = Tensor.Of(TensorShape.Of(3), columns) };
        return stage.CheckPutAsync(letters, "[rows, cols]", tensors, Tensor.Of(TensorShape.Scalar, 10f), "10");
    }

    private static Task AccumulateAsync(Stage stage, Mirror letters)
    {
        // Letter 3 twice: both gradients count.
        long[] ids = [3, 3, 7];
        float[] gradients = [.. Enumerable.Range(1, ids.Length * Width).Select(i => (float)i)];
        for (int i = 0; i < gradients.Length; i++)
        {
            letters.Values[(ids[i / Width] * Width) + (i % Width)] += gradients[i];
        }

        var tensors = new Named { ["ids"] = Tensor.Of(TensorShape.Of(ids.Length), ids) };
        return stage.CheckPutAsync(letters, "[ids]", tensors, Tensor.Of(TensorShape.Of(ids.Length, Width), gradients), "g", accumulate: true);
    }

    private static Task GatherVowelsAsync(Stage stage, Mirror letters)
    {
        bool[] mask = [.. Enumerable.Range(0, Letters).Select(letter => "aeiou".Contains((char)('a' + letter - 1), StringComparison.Ordinal))];
        long[] positions = [.. Enumerable.Range(0, Letters * Width).Where(position => mask[position / Width]).Select(position => (long)position)];
        var tensors = new Named { ["vowels"] = Tensor.From<bool>(ElementType.Bool, TensorShape.Of(Letters), mask) };
        return stage.CheckGatherAsync(letters, "[vowels]", tensors, Tensor.Of(TensorShape.Of(positions.Length / Width, Width), positions));
    }

    private static Task ClearLargeAsync(Stage stage, Mirror letters)
    {
        bool[] mask = [.. letters.Values.Select(value => value > Large)];
        for (int i = 0; i < mask.Length; i++)
        {
            letters.Values[i] = mask[i] ? 0 : letters.Values[i];
        }

        var tensors = new Named { ["large"] = Tensor.From<bool>(ElementType.Bool, letters.Shape, mask) };
        return stage.CheckPutAsync(letters, "[large]", tensors, Tensor.Of(TensorShape.Scalar, 0f), "0");
    }
}
