using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>What contenders measured, round by round.</summary>
/// <remarks>
/// Rounds are interleaved: each measures every contender once, beginning with another one each time, so that a slow minute of the machine meets all of them.
/// Before the first round every contender works for the warm-up time, unmeasured.
/// </remarks>
internal sealed class Rounds
{
    private readonly Dictionary<string, double[][]> _samples;

    private Rounds(Dictionary<string, double[][]> samples) => _samples = samples;

    public static Rounds Run(LoadOptions options, params IReadOnlyList<Contender> contenders)
    {
        Console.Error.WriteLine("measuring " + string.Join(", ", contenders.Select(static contender => contender.Name)));
        foreach (Contender contender in contenders)
        {
            WarmUp(contender, options.WarmUp);
        }

        Dictionary<string, double[][]> samples = contenders.ToDictionary(static contender => contender.Name, _ => new double[options.RoundCount][]);
        for (int round = 0; round < options.RoundCount; round++)
        {
            for (int turn = 0; turn < contenders.Count; turn++)
            {
                Contender contender = contenders[(round + turn) % contenders.Count];
                samples[contender.Name][round] = contender.Measure();
            }
        }

        return new Rounds(samples);
    }

    /// <summary>The median over the rounds of one of a contender's numbers.</summary>
    public double Median(string contender, int number = 0) => Statistics.Median(Samples(contender, number));

    /// <summary>One contender's number over another's, round by round.</summary>
    public double[] Ratios(string contender, string other, int number = 0) =>
        [.. Samples(contender, number).Zip(Samples(other, number), static (mine, theirs) => mine / theirs)];

    private IEnumerable<double> Samples(string contender, int number) => _samples[contender].Select(sample => sample[number]);

    private static void WarmUp(Contender contender, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            contender.Measure();
        }
        while (Stopwatch.GetElapsedTime(start) < time);
    }
}
