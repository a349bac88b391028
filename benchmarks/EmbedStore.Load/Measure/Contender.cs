namespace EmbedStore.Load;

/// <summary>One of the things that a workload compares.</summary>
/// <param name="Name">As the table of results calls it.</param>
/// <param name="Measure">Works for about the sample time and gives its numbers: rows a second, or latencies; the same ones each time.</param>
internal sealed record Contender(string Name, Func<double[]> Measure);
