using System.Diagnostics;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Waits for what other processes do.</summary>
internal static class Wait
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <exception cref="TimeoutException">It did not come true.</exception>
    public static Task UntilAsync(string what, Func<bool> isSo) => UntilAsync(what, () => Task.FromResult(isSo()));

    /// <exception cref="TimeoutException">It did not come true.</exception>
    public static async Task UntilAsync(string what, Func<Task<bool>> isSo)
    {
        long began = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(began) > ServerProgram.Patience)
            {
                throw new TimeoutException($"Waited in vain for {what}.");
            }

            await Task.Delay(LookEvery);
        }
    }
}
