using System.Net.Sockets;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Calls that may fail because servers come and go.</summary>
internal static class Calls
{
    /// <summary>Makes a call.</summary>
    /// <returns>Null: no answer, or one that says to try again.</returns>
    /// <exception cref="InvalidOperationException">Any other refusal.</exception>
    public static async Task<Answer?> TryAsync(Func<Task<Answer>> call)
    {
        try
        {
            Answer answer = await call();
            return answer.Status is 429 or 503 ? null : answer.Success();
        }
        catch (Exception failure) when (IsNoAnswer(failure))
        {
            return null;
        }
    }

    /// <summary>Whether an exception says that there was no answer, or half of one.</summary>
    public static bool IsNoAnswer(Exception failure) => failure is HttpRequestException or SocketException or IOException or OperationCanceledException;
}
