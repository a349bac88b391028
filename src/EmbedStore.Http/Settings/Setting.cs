using System.ComponentModel;
using System.Globalization;
using System.Reflection;

namespace EmbedStore.Http;

/// <summary>One setting, as a source names it.</summary>
/// <param name="Key"><c>EmbedStore:Limits:BodyBytes</c>. Case does not matter in a source. <see cref="AnyName"/> in it stands for a name that the user gives.</param>
/// <param name="Type">Type of the option.</param>
/// <param name="Default">Value when no source names it, in the form that a source would use.</param>
/// <param name="Summary">What it sets, in a few words.</param>
public sealed record Setting(string Key, Type Type, string Default, string Summary)
{
    /// <summary>Stands in a key for the user's own name of something that there may be several of.</summary>
    public const string AnyName = "<name>";

    /// <summary>Every setting there is, in the order of the option classes.</summary>
    public static IReadOnlyList<Setting> All { get; } = [.. Of(EmbedStoreOptions.SectionName, new EmbedStoreOptions())];

    /// <summary>The setting of this name, or null.</summary>
    public static Setting? Find(string key) => All.FirstOrDefault(setting => setting.IsNamed(key));

    /// <summary>Whether it is set for each of several things, and so has no value of its own.</summary>
    public bool IsOfMany => Key.Contains(AnyName, StringComparison.Ordinal);

    /// <summary>The names below which settings stand; of those that the user gives, the one before.</summary>
    internal static IReadOnlyList<string> Groups { get; } = [.. All.Select(static setting => setting.Key[..(setting.IsOfMany ? setting.Key.IndexOf(AnyName, StringComparison.Ordinal) - 1 : setting.Key.LastIndexOf(':'))]).Distinct()];

    /// <summary>True when a source can give this value: it reads as <see cref="Type"/>.</summary>
    public bool Accepts(string value) =>
        Type == typeof(string)
        || (Type == typeof(int) && int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
        || (Type == typeof(long) && long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
        || (Type == typeof(bool) && bool.TryParse(value, out _))
        || (Type == typeof(TimeSpan) && TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out _));

    /// <summary>What a value must look like, in words.</summary>
    public string Form =>
        Type == typeof(TimeSpan) ? "a time such as 00:00:00.100"
        : Type == typeof(string) ? "text"
        : Type == typeof(bool) ? "true or false"
        : "a whole number";

    private bool IsNamed(string key)
    {
        if (!IsOfMany)
        {
            return Key.Equals(key, StringComparison.OrdinalIgnoreCase);
        }

        string[] own = Key.Split(':');
        string[] other = key.Split(':');
        return own.Length == other.Length && own.Zip(other).All(static part => part.First == AnyName || part.First.Equals(part.Second, StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<Setting> Of(string section, object options)
    {
        foreach (PropertyInfo property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string key = section + ":" + property.Name;
            object value = property.GetValue(options)!;
            var summary = property.GetCustomAttribute<DescriptionAttribute>();

            // A property without a description is a group of settings, or several of them by name.
            IEnumerable<Setting> settings = value is Dictionary<string, KeyOptions> ? Of($"{key}:{AnyName}", new KeyOptions())
                : summary is null ? Of(key, value)
                : [new Setting(key, property.PropertyType, Convert.ToString(value, CultureInfo.InvariantCulture)!, summary.Description)];
            foreach (Setting setting in settings)
            {
                yield return setting;
            }
        }
    }
}
