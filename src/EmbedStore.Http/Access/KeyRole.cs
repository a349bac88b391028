namespace EmbedStore.Http;

/// <summary>What a key may do. Each role may do all that the ones before it may.</summary>
internal enum KeyRole
{
    /// <summary>Read rows, and what there is to know about tables.</summary>
    Read,

    /// <summary>Change rows.</summary>
    Write,

    /// <summary>Create, drop, keep and restore tables.</summary>
    Admin,
}

/// <summary>Roles as text.</summary>
internal static class KeyRoles
{
    /// <summary>All of them, for messages.</summary>
    public const string Names = "read, write or admin";

    /// <summary>Reads a role's name, in lower case.</summary>
    public static bool TryParse(string text, out KeyRole role)
    {
        (bool isOne, role) = text switch
        {
            "read" => (true, KeyRole.Read),
            "write" => (true, KeyRole.Write),
            "admin" => (true, KeyRole.Admin),
            _ => (false, default),
        };
        return isOne;
    }

    public static string NameOf(KeyRole role) => role switch
    {
        KeyRole.Read => "read",
        KeyRole.Write => "write",
        _ => "admin",
    };
}
