namespace EmbedStore.Load;

/// <summary>Medians and percentiles.</summary>
internal static class Statistics
{
    /// <summary>The middle value; of an even number the mean of the two in the middle. NaN of none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The smallest value that at least the fraction of all values does not exceed. NaN of none.</summary>
    /// <param name="sorted">In rising order.</param>
    /// <param name="fraction">(0, 1].</param>
    public static double Percentile(ReadOnlySpan<double> sorted, double fraction) =>
        sorted.IsEmpty ? double.NaN : sorted[(int)Math.Ceiling(fraction * sorted.Length) - 1];
}
