using System.Globalization;
using Xunit.Abstractions;

namespace EmbedStore.Cluster.Tests;

/// <summary>Says what a test found, and keeps it in a file beside the tests: the table in README.md is made from it.</summary>
internal static class Results
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "cluster-results.txt");

    public static void Say(this ITestOutputHelper output, string test, string found)
    {
        output.WriteLine(found);
        System.IO.File.AppendAllText(File, string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} {test}: {found}\n"));
    }
}
