using System.Diagnostics;

namespace EmbedStore.Cluster.Tests;

/// <summary>A network of its own, tied to the machine's by one wire that can be cut. Only root can make one.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    /// <summary>This machine's end of the wire.</summary>
    public const string OutsideAddress = "10.213.57.1";

    /// <summary>The other end.</summary>
    public const string InsideAddress = "10.213.57.2";

    private const string Outside = "embedstore-w0";
    private const string Inside = "embedstore-w1";

    /// <summary>Of nobody: what is sent there gets lost on the way, without a word to the sender.</summary>
    private const string NobodysMac = "02:00:00:00:00:99";

    private const string Name = "embedstore-cut";

    /// <exception cref="InvalidOperationException">None can be made here.</exception>
    public NetworkNamespace()
    {
        RemoveLeftOver();
        Command.Run("ip", "netns", "add", Name);
        try
        {
            Command.Run("ip", "link", "add", Outside, "type", "veth", "peer", "name", Inside, "netns", Name);
            Command.Run("ip", "addr", "add", $"{OutsideAddress}/24", "dev", Outside);
            Command.Run("ip", "link", "set", Outside, "up");
            Command.Run("ip", "-n", Name, "addr", "add", $"{InsideAddress}/24", "dev", Inside);
            Command.Run("ip", "-n", Name, "link", "set", Inside, "up");
            Command.Run("ip", "-n", Name, "link", "set", "lo", "up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Makes a program run inside.</summary>
    public void Enter(ProcessStartInfo start)
    {
        string[] command = [start.FileName, .. start.ArgumentList];
        start.FileName = "ip";
        start.ArgumentList.Clear();
        Array.ForEach(["netns", "exec", Name, .. command], start.ArgumentList.Add);
    }

    /// <summary>From now on whatever is sent by the wire is lost, both ways.</summary>
    public void Cut()
    {
        Command.Run("ip", "neigh", "replace", InsideAddress, "lladdr", NobodysMac, "dev", Outside, "nud", "permanent");
        Command.Run("ip", "-n", Name, "neigh", "replace", OutsideAddress, "lladdr", NobodysMac, "dev", Inside, "nud", "permanent");
    }

    /// <summary>Ends the cut.</summary>
    public void Heal()
    {
        Command.Run("ip", "neigh", "del", InsideAddress, "dev", Outside);
        Command.Run("ip", "-n", Name, "neigh", "del", OutsideAddress, "dev", Inside);
    }

    /// <inheritdoc/>
    public void Dispose() => Command.Run("ip", "netns", "del", Name);

    /// <summary>Of a run that was killed.</summary>
    private static void RemoveLeftOver()
    {
        if (File.Exists($"/run/netns/{Name}"))
        {
            Command.Run("ip", "netns", "del", Name);
        }
    }
}

/// <summary>A <see cref="ClusterFactAttribute"/> that needs a <see cref="NetworkNamespace"/> too.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetworkFactAttribute : ClusterFactAttribute
{
    private static readonly string? WhyNot = Try();

    public NetworkFactAttribute() => Skip ??= WhyNot;

    private static string? Try()
    {
        try
        {
            using var trial = new NetworkNamespace();
            return null;
        }
        catch (InvalidOperationException refusal)
        {
            return $"A SERVER THAT IS CUT OFF IS NOT TESTED HERE, for no network of its own can be made: {refusal.Message}";
        }
    }
}
