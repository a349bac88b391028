using Microsoft.Extensions.Configuration;

namespace EmbedStore.Http;

/// <summary>Where settings come from; a later source overrides an earlier one.</summary>
/// <remarks>
/// <para>In order: <see cref="DefaultFile"/> in the current folder when it exists; the file of <c>--config</c>; environment variables
/// (<c>EmbedStore__HttpPort</c>); the command line (<c>--EmbedStore:HttpPort 7700</c>).</para>
/// <para>Files are JSON with comments. Names are checked here, in files and on the command line to the first word; values in <see cref="SettingsReader"/>.</para>
/// </remarks>
public static class SettingsSources
{
    /// <summary>The file that is read without being named.</summary>
    public const string DefaultFile = "embedstore.json";

    // The last two belong to the framework, which reads them itself.
    private static readonly string[] Roots = [EmbedStoreOptions.SectionName, "Logging", "AllowedHosts"];

    /// <summary>True when the first word of a key belongs to us or to the framework.</summary>
    internal static bool IsKnownRoot(string key) => Roots.Contains(key.Split(':')[0], StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads all sources.</summary>
    /// <param name="commandLine">Names the file, and is the last source.</param>
    /// <exception cref="StartException">A file is missing, is not JSON, or has a section that nobody reads.</exception>
    public static IConfiguration Load(CommandLine commandLine)
    {
        var builder = new ConfigurationBuilder();
        AddFile(builder, Path.GetFullPath(DefaultFile), optional: true);
        if (commandLine.ConfigFile is not null)
        {
            AddFile(builder, Path.GetFullPath(commandLine.ConfigFile), optional: false);
        }

        return builder.AddEnvironmentVariables().AddInMemoryCollection(commandLine.Settings).Build();
    }

    private static void AddFile(ConfigurationBuilder builder, string path, bool optional)
    {
        if (!File.Exists(path))
        {
            if (!optional)
            {
                throw new StartException($"The settings file {path} does not exist.");
            }

            return;
        }

        IConfiguration file = ReadFile(path);
        CheckRoots(file);
        builder.AddConfiguration(file);
    }

    private static IConfigurationRoot ReadFile(string path)
    {
        try
        {
            return new ConfigurationBuilder().AddJsonFile(path, optional: false).Build();
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            string reason = (error.InnerException?.InnerException ?? error.InnerException ?? error).Message;
            throw new StartException($"The settings file {path} cannot be read: {reason}");
        }
    }

    private static void CheckRoots(IConfiguration file)
    {
        string[] wrong = [.. file.GetChildren().Select(section => section.Key).Where(key => !IsKnownRoot(key))];
        if (wrong.Length > 0)
        {
            throw new StartException([.. wrong.Select(key => $"{key} is not a section of settings. Did you mean {NearestName.Of(key, Roots)}?")]);
        }
    }
}
