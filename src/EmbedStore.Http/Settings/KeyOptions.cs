using System.ComponentModel;

namespace EmbedStore.Http;

/// <summary>A key that clients show, by its hash. Bound from <c>EmbedStore:Keys:&lt;name&gt;</c>; the command <c>key</c> makes one.</summary>
public sealed class KeyOptions
{
    /// <summary>Most keys of a server: one that nobody knows is compared with all of them.</summary>
    public const int CountMax = 256;

    /// <summary>What it may do: <c>read</c>, <c>write</c> or <c>admin</c>, each with all that stands before it. Default: <c>read</c>.</summary>
    [Description("what the key may do: read, write or admin")]
    public string Role { get; set; } = "read";

    /// <summary>Tables that it is for: names in which <c>*</c> stands for any letters, separated by commas. Default: <c>*</c>, all tables. Range: 1 to 64 names.</summary>
    [Description("tables that the key is for, such as words,user*")]
    public string Tables { get; set; } = "*";

    /// <summary>Hash of the key with its salt, as the command <c>key</c> prints it. Needed.</summary>
    [Description("hash of the key, by the command key")]
    public string Hash { get; set; } = "";
}
