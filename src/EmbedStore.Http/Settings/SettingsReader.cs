using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>Turns sources into options that are known to be right.</summary>
public static class SettingsReader
{
    /// <summary>Reads the section <c>EmbedStore</c>.</summary>
    /// <exception cref="StartException">Names every key that is no setting and every value of the wrong form; when there is none, every broken rule.</exception>
    public static EmbedStoreOptions Read(IConfiguration configuration)
    {
        IConfigurationSection section = configuration.GetSection(EmbedStoreOptions.SectionName);
        Refuse([.. Leaves(section).Select(Complaint).OfType<string>().Order(StringComparer.Ordinal)]);

        var options = new EmbedStoreOptions();
        section.Bind(options);
        ValidateOptionsResult result = new EmbedStoreOptionsValidator().Validate(null, options);
        Refuse([.. result.Failures ?? []]);

        if (string.IsNullOrEmpty(options.Telemetry.Endpoint))
        {
            options.Telemetry.Endpoint = configuration[TelemetryOptions.StandardVariable] ?? "";
        }

        return options;
    }

    /// <summary>Whatever a source gives a value to; an empty group counts, so that its name is checked too.</summary>
    private static IEnumerable<IConfigurationSection> Leaves(IConfigurationSection section)
    {
        IConfigurationSection[] children = [.. section.GetChildren()];
        IEnumerable<IConfigurationSection> own = section.Value is not null || children.Length == 0 ? [section] : [];
        return own.Concat(children.SelectMany(Leaves));
    }

    private static string? Complaint(IConfigurationSection leaf)
    {
        if (Setting.Find(leaf.Path) is { } setting)
        {
            return setting.Accepts(leaf.Value ?? "") ? null : $"{setting.Key} must be {setting.Form}; was '{leaf.Value}'.";
        }

        bool emptyGroup = leaf.Value is null && Setting.Groups.Contains(leaf.Path, StringComparer.OrdinalIgnoreCase);
        return emptyGroup ? null : $"{leaf.Path} is not a setting. Did you mean {NearestName.Of(leaf.Path, Setting.All.Select(known => known.Key).Concat(Setting.Groups))}?";
    }

    private static void Refuse(IReadOnlyCollection<string> reasons)
    {
        if (reasons.Count > 0)
        {
            throw new StartException(reasons);
        }
    }
}
