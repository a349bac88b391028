namespace EmbedStore.Tensors;

/// <summary>One fact of a refusal, named as on the wire: <c>position</c>, <c>expected</c>, <c>limit</c>.</summary>
/// <param name="Name">Field name in the answer, snake_case.</param>
/// <param name="Value">Null, a string, a number, or a list of these.</param>
public readonly record struct Fact(string Name, object? Value);

/// <summary>A request was refused: the code says why, the facts say where and what was allowed.</summary>
/// <remarks>Nothing of the refused request was applied. Immutable.</remarks>
public sealed class EmbedStoreException : Exception
{
    /// <summary>Refuses with a reason.</summary>
    /// <param name="code">The reason.</param>
    /// <param name="message">One English sentence that names position, value and what was allowed.</param>
    /// <param name="facts">In the order in which the answer lists them.</param>
    public EmbedStoreException(ErrorCode code, string message, params Fact[] facts)
        : base(message)
    {
        Code = code;
        Facts = facts;
    }

    /// <summary>The reason.</summary>
    public ErrorCode Code { get; }

    /// <summary>What the caller needs to repair the request, in the order in which the answer lists it.</summary>
    public IReadOnlyList<Fact> Facts { get; }

    /// <summary>Value of the fact <paramref name="name"/>, or null when the refusal does not carry it.</summary>
    public object? this[string name] => Facts.FirstOrDefault(fact => fact.Name == name).Value;
}
