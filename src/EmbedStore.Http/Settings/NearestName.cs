namespace EmbedStore.Http;

/// <summary>Finds the name that somebody meant.</summary>
internal static class NearestName
{
    /// <summary>The closest of <paramref name="names"/>: one that ends in the same word, else the one with the fewest typing mistakes between.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="names">What could have been written. At least one.</param>
    public static string Of(string name, IEnumerable<string> names) => names
        .OrderBy(candidate => LastWord(candidate).Equals(LastWord(name), StringComparison.OrdinalIgnoreCase) ? 0 : 1)
        .ThenBy(candidate => Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant()))
        .First();

    private static string LastWord(string name) => name[(name.LastIndexOf(':') + 1)..].TrimStart('-');

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.</summary>
    internal static int Distance(string left, string right)
    {
        int[] beforeLast = [];
        int[] last = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int[] row = [i, .. new int[right.Length]];
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last) = (last, row);
        }

        return last[right.Length];
    }
}
