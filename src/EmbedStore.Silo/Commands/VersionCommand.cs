using System.Reflection;

namespace EmbedStore.Silo.Commands;

/// <summary>Prints the name and the version.</summary>
internal static class VersionCommand
{
    /// <summary><c>EmbedStore 0.1.0</c>, without the build's suffix.</summary>
    public static string NameAndVersion { get; } = "EmbedStore " + typeof(VersionCommand).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static int Run()
    {
        Console.WriteLine(NameAndVersion);
        return 0;
    }
}
