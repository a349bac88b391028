using System.Net.Sockets;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>Calls that may fail because servers come and go.</summary>
internal static class Calls
{
    /// <summary>Makes a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="refused">Gets the reason when there is no success.</param>
    /// <returns>Null: no answer, or one that says to try again.</returns>
    /// <exception cref="InvalidOperationException">Any other refusal.</exception>
    public static async Task<Answer?> TryAsync(Func<Task<Answer>> call, Action<string>? refused = null)
    {
        try
        {
            Answer answer = await call();
            if (answer.Status is not (429 or 503))
            {
                return answer.Success();
            }

            refused?.Invoke(answer["detail"].GetString()!);
            return null;
        }
        catch (Exception failure) when (IsNoAnswer(failure))
        {
            refused?.Invoke(failure.Message);
            return null;
        }
    }

    /// <summary>Whether an exception says that there was no answer, or half of one.</summary>
    public static bool IsNoAnswer(Exception failure) => failure is HttpRequestException or SocketException or IOException or OperationCanceledException;
}
