using System.Globalization;

namespace EmbedStore.Cluster;

/// <summary>What a server writes into the list of members as its name: its own name and its peer port, so that whoever sees a member can reach it.</summary>
/// <param name="Server">Name of the server.</param>
/// <param name="PeerPort">TCP port of its peer door.</param>
internal readonly record struct MemberName(string Server, int PeerPort)
{
    /// <summary>Never part of a server's name.</summary>
    private const char Separator = ':';

    /// <summary><c>node-1:7790</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Server}{Separator}{PeerPort}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <returns>Null: it is something else.</returns>
    public static MemberName? Parse(string? text) =>
        text?.Split(Separator) is [{ Length: > 0 } server, { } port] && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? new MemberName(server, number)
            : null;
}
