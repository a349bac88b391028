using System.Text.RegularExpressions;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>Names of tables: <c>[A-Za-z0-9][A-Za-z0-9_.-]{0,127}</c>. A name is never a path: folders are numbered.</summary>
public static partial class TableName
{
    /// <summary>Refuses what is not a name.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.InvalidParameter"/> with parameter <c>table</c>.</exception>
    public static void Require(string name)
    {
        if (!Pattern().IsMatch(name))
        {
            throw new EmbedStoreException(
                ErrorCode.InvalidParameter,
                "A table's name is 1 to 128 of A-Z a-z 0-9 _ . - and begins with a letter or a digit.",
                new Fact("parameter", "table"));
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
