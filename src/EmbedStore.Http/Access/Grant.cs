using System.Diagnostics.CodeAnalysis;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>What the key of a call allows.</summary>
/// <param name="KeyName">Name of the key, for messages.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Tables">To which tables.</param>
internal sealed record Grant(string KeyName, KeyRole Role, TablePatterns Tables)
{
    /// <summary>Where no key is asked for.</summary>
    private static readonly Grant Everything = new("", KeyRole.Admin, TablePatterns.All);

    /// <summary>What a call may whose path does not name its table.</summary>
    public static Grant Of(HttpContext context) => context.Features.Get<Grant>() ?? Everything;

    /// <summary>Makes it the call's.</summary>
    public void GiveTo(HttpContext context) => context.Features.Set(this);

    /// <summary>For another server: name, role and tables, with spaces between.</summary>
    public string ToText() => $"{KeyName} {KeyRoles.NameOf(Role)} {Tables}";

    /// <summary>Reads what <see cref="ToText"/> wrote.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Grant? grant)
    {
        grant = text?.Split(' ') is [{ } name, { } role, { } tables] && KeyRoles.TryParse(role, out KeyRole parsed) && TablePatterns.TryParse(tables, out TablePatterns? patterns)
            ? new Grant(name, parsed, patterns)
            : null;
        return grant is not null;
    }

    /// <summary>Refuses a call that the key does not cover.</summary>
    /// <param name="role">What the call needs.</param>
    /// <param name="table">Its table; null when it has none, or names its tables in its body.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Forbidden"/>.</exception>
    public void Require(KeyRole role, string? table)
    {
        if (Role < role)
        {
            throw Forbidden($"The key '{KeyName}' may {KeyRoles.NameOf(Role)}; this call needs {KeyRoles.NameOf(role)}.", table);
        }

        if (table is not null)
        {
            RequireTable(table);
        }
    }

    /// <summary>Refuses a table that the key is not for, whether there is such a table or not.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.Forbidden"/>.</exception>
    public void RequireTable(string table)
    {
        if (!Tables.Covers(table))
        {
            throw Forbidden($"The key '{KeyName}' is not for the table '{table}'.", table);
        }
    }

    private static EmbedStoreException Forbidden(string reason, string? table) => new(ErrorCode.Forbidden, reason, new Fact("table", table));
}
