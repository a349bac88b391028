using System.Text.Json;
using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Shards.Tests.Optimizers;

public class OptimizerTests
{
    private static readonly RowOptimizer Rowwise = new RowwiseAdagradOptimizer { Rate = 0.1, Epsilon = 1e-8 };

    /// <summary>PyTorch's own results: several steps, repeated ids, rows that no gradient came for.</summary>
    [Fact]
    public async Task Apply_EveryGoldenCase_LeavesTheRowsThatPyTorchLeft()
    {
        IReadOnlyList<JsonElement> cases = GoldenCases.Embedding("optimizer");
        Assert.Equal(120, cases.Count);
        foreach (JsonElement line in cases)
        {
            await CheckAsync(line);
        }
    }

    /// <summary>A saturated sigmoid gives gradients whose squares are 0 in binary32.</summary>
    [Fact]
    public async Task Apply_FtrlWithAGradientWhoseSquareVanishes_KeepsTheRowFinite()
    {
        var optimizer = new FtrlOptimizer { Rate = 0.1, Power = -0.5 };
        await using var trained = await TrainedRows<float>.MakeAsync(new RowFormat(ElementType.F32, 2, optimizer: optimizer), [0, 0]);
        await trained.StepAsync([0], [1e-23f, -1e-23f]);
        await trained.StepAsync([0], [0, 0]);
        Assert.Equal([0f, 0f], trained.Read(1));
        await trained.StepAsync([0], [1, 1]);
        Assert.All(trained.Read(1), static value => Assert.True(float.IsFinite(value) && value < 0));
    }

    /// <summary>The vectors of the reference: a row that two gradients came for, one with one, one with none.</summary>
    [Theory]
    [InlineData("sgd", 2.96, 4.02, 4.9, 6.1)]
    [InlineData("adagrad", 2.9000000025, 4.099999995, 4.900000001, 6.099999999)]
    [InlineData("rowwise_adagrad", 2.8735088975932648, 4.063245551203368, 4.900000001, 6.099999999)]
    [InlineData("adam", 2.900000079056879, 4.099999841886367, 4.900000031622767, 6.099999968377233)]
    public async Task Apply_EqualIds_SumsTheirGradientsAndTakesOneStep(string kind, double w10, double w11, double w20, double w21)
    {
        RowOptimizer optimizer = kind switch
        {
            "sgd" => new SgdOptimizer { Rate = 0.1 },
            "adagrad" => new AdagradOptimizer { Rate = 0.1, Epsilon = 1e-8 },
            "adam" => new AdamOptimizer { Rate = 0.1, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8 },
            _ => Rowwise,
        };
        await using var trained = await TrainedRows<double>.MakeAsync(new RowFormat(ElementType.F64, 2, optimizer: optimizer), [1, 2, 3, 4, 5, 6]);

        await trained.StepAsync([1, 1, 2], [.1, .2, .3, -.4, 1, -1]);

        double[] rows = trained.Read(3);
        Assert.Equal([1.0, 2.0], rows[..2]);
        double[] expected = [w10, w11, w20, w21];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], rows[2 + i], 12);
        }
    }

    [Fact]
    public async Task Apply_Ftrl_FollowsTheFormulaStepByStep()
    {
        const double Rate = 0.5, L1 = 0.01, L2 = 0.02;
        await using var trained = await TrainedRows<double>.MakeAsync(
            new RowFormat(ElementType.F64, 3, optimizer: new FtrlOptimizer { Rate = Rate, L1 = L1, L2 = L2, Power = -0.5 }), [0, 0, 0]);
        double[] w = new double[3], n = new double[3], z = new double[3];
        var random = new Random(11);
        for (int step = 0; step < 20; step++)
        {
            double[] g = [random.NextDouble() - 0.5, random.NextDouble() - 0.5, step % 3 == 0 ? 0.001 : 0];
            await trained.StepAsync([0], g);
            for (int i = 0; i < 3; i++)
            {
                double after = n[i] + (g[i] * g[i]);
                z[i] += g[i] - ((Math.Sqrt(after) - Math.Sqrt(n[i])) / Rate * w[i]);
                n[i] = after;
                w[i] = Math.Abs(z[i]) > L1 ? ((Math.Sign(z[i]) * L1) - z[i]) / ((Math.Sqrt(n[i]) / Rate) + (2 * L2)) : 0;
            }

            Assert.Equal(w, trained.Read(1), (a, b) => Math.Abs(a - b) < 1e-12);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(67)]
    public async Task Apply_ReplayedAfterACrash_GivesTheSameBits(int width)
    {
        var random = new Random(width);
        float[] start = Enumerable.Range(0, 20 * width).Select(_ => (float)random.NextDouble()).ToArray();
        await using var trained = await TrainedRows<float>.MakeAsync(new RowFormat(ElementType.F32, width, optimizer: Rowwise), start);
        for (int step = 0; step < 30; step++)
        {
            long[] ids = Enumerable.Range(0, 50).Select(_ => random.NextInt64(20)).ToArray();
            await trained.StepAsync(ids, Enumerable.Range(0, 50 * width).Select(_ => (float)random.NextDouble() - 0.5f).ToArray());
        }

        float[] before = trained.Read(20);
        await trained.ReopenAsync();

        Assert.Equal(before, trained.Read(20));
        Assert.Equal(30, trained.StepNumber);
    }

    /// <summary>16 bits cannot hold a step of a thousandth at 1; chance moves the row on the average by just that.</summary>
    [Theory]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F16)]
    public async Task Apply_StochasticRounding_MovesRowsByTheStepOnTheAverage(ElementType type)
    {
        const int Width = 4096;
        var format = new RowFormat(type, Width, optimizer: new SgdOptimizer { Rate = 0.0001, StochasticRoundingSeed = 5 });
        await using var trained = await TrainedRows<float>.MakeAsync(format, [.. Enumerable.Repeat(1f, Width)]);
        float[] ones = [.. Enumerable.Repeat(1f, Width)];
        for (int step = 0; step < 50; step++)
        {
            await trained.StepAsync([0], ones);
        }

        Assert.InRange(trained.Read(1).Average(), 1 - 0.0055, 1 - 0.0045);
    }

    [Theory]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    public async Task Apply_RoundingToTheNearest_LosesAStepThatIsTooSmall(ElementType type)
    {
        await using var trained = await TrainedRows<float>.MakeAsync(new RowFormat(type, 4, optimizer: new SgdOptimizer { Rate = 0.0001 }), [1, 1, 1, 1]);
        await trained.StepAsync([0], [1, 1, 1, 1]);
        Assert.Equal([1f, 1, 1, 1], trained.Read(1));
    }

    [Fact]
    public async Task Apply_ScaledRows_StepsOnWhatTheyStandFor()
    {
        await using var trained = await TrainedRows<float>.MakeAsync(
            new RowFormat(ElementType.I8, 4, scaledByRow: true, optimizer: new SgdOptimizer { Rate = 1 }), [127, 0, -127, 64]);
        await trained.StepAsync([0], [27, 10, 0, 4]);
        Assert.Equal([100f, -10, -127, 60], trained.Read(1));
    }

    [Fact]
    public async Task Apply_WithoutAnOptimizer_IsRefusedAtTheDoor()
    {
        await using var trained = await TrainedRows<float>.MakeAsync(new RowFormat(ElementType.F32, 1), [1]);
        await Assert.ThrowsAsync<ArgumentException>(() => trained.StepAsync([0], [1f]));
    }

    private static async Task CheckAsync(JsonElement line)
    {
        TensorShape shape = GoldenCases.ShapeOf(line.GetProperty("table").GetProperty("shape"));
        JsonElement arguments = line.GetProperty("arguments");
        RowOptimizer optimizer = line.GetProperty("name").GetString() switch
        {
            "SGD" => new SgdOptimizer { Rate = Number(arguments, "lr") },
            "Adagrad" => new AdagradOptimizer
            {
                Rate = Number(arguments, "lr"),
                Epsilon = Number(arguments, "eps"),
                InitialAccumulator = Number(arguments, "initial_accumulator_value"),
            },
            _ => new AdamOptimizer
            {
                Rate = Number(arguments, "lr"),
                Beta1 = arguments.GetProperty("betas")[0].GetDouble(),
                Beta2 = arguments.GetProperty("betas")[1].GetDouble(),
                Epsilon = Number(arguments, "eps"),
            },
        };
        await using var trained = await TrainedRows<float>.MakeAsync(
            new RowFormat(ElementType.F32, (int)shape[1], optimizer: optimizer), Numbers(line.GetProperty("table").GetProperty("data")));
        foreach (JsonElement step in line.GetProperty("steps").EnumerateArray())
        {
            await trained.StepAsync(step.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64()).ToArray(), Numbers(step.GetProperty("upstream")));
        }

        float[] expected = Numbers(line.GetProperty("result"));
        Assert.Equal(expected, trained.Read((int)shape[0]), (a, b) => Math.Abs(a - b) <= 2e-6f * Math.Max(1, Math.Abs(a)));
    }

    private static double Number(JsonElement line, string name) => line.GetProperty(name).GetDouble();

    private static float[] Numbers(JsonElement list) => list.EnumerateArray().Select(number => number.GetSingle()).ToArray();
}
