namespace EmbedStore.Http;

/// <summary>The rules of <see cref="KeyOptions"/>.</summary>
/// <remarks>What stands where a hash should is never repeated: it may be a key.</remarks>
internal static class KeyRules
{
    private const int NameLengthMax = 64;

    /// <summary>Every broken rule, one sentence each.</summary>
    public static IEnumerable<string> Faults(IReadOnlyDictionary<string, KeyOptions> keys)
    {
        if (keys.Count > KeyOptions.CountMax)
        {
            yield return $"EmbedStore:Keys has {keys.Count} keys; the limit is {KeyOptions.CountMax}.";
        }

        foreach ((string name, KeyOptions key) in keys.OrderBy(static key => key.Key, StringComparer.Ordinal))
        {
            foreach (string fault in Faults(name, key))
            {
                yield return $"EmbedStore:Keys:{name}{fault}";
            }
        }

        foreach (IGrouping<string, string> same in keys.Where(static key => key.Value.Hash.Length > 0).GroupBy(static key => key.Value.Hash, static key => key.Key).Where(static same => same.Count() > 1))
        {
            yield return $"EmbedStore:Keys: {string.Join(", ", same.Order(StringComparer.Ordinal))} have the same Hash; each key has one of its own.";
        }
    }

    /// <summary>Whether a key can be called so.</summary>
    public static bool IsName(string name) =>
        name.Length is >= 1 and <= NameLengthMax && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-');

    private static IEnumerable<string> Faults(string name, KeyOptions key)
    {
        if (!IsName(name))
        {
            yield return $" must be named by 1 to {NameLengthMax} letters, digits or one of '_.-'.";
        }

        if (!KeyRoles.TryParse(key.Role, out _))
        {
            yield return $":Role must be {KeyRoles.Names}; was '{key.Role}'.";
        }

        if (!TablePatterns.TryParse(key.Tables, out _))
        {
            yield return $":Tables must be {TablePatterns.Form}; was '{key.Tables}'.";
        }

        if (!KeyHash.TryParse(key.Hash, out _))
        {
            yield return $":Hash must be what the command \"key {name}\" prints.";
        }
    }
}
