namespace EmbedStore.Tensors;

/// <summary>A parsed subscript: what stands between the brackets, in order. Not yet bound to a table or to tensors.</summary>
/// <param name="Items">At least one, at most <see cref="SubscriptParser.ItemCountMax"/>; at most one <see cref="EllipsisItem"/>.</param>
/// <remarks>Immutable.</remarks>
public sealed record Subscript(IReadOnlyList<SubscriptItem> Items);

/// <summary>One item of a subscript.</summary>
/// <param name="Column">Where it begins in the text, zero-based.</param>
public abstract record SubscriptItem(int Column);

/// <summary><c>3</c>, <c>-1</c>: selects, and removes the dimension.</summary>
public sealed record IntegerItem(int Column, long Value) : SubscriptItem(Column);

/// <summary><c>start:stop:step</c>; null where nothing was written.</summary>
public sealed record SliceItem(int Column, long? Start, long? Stop, long? Step) : SubscriptItem(Column);

/// <summary><c>...</c>: as many full slices as the table has dimensions left.</summary>
public sealed record EllipsisItem(int Column) : SubscriptItem(Column);

/// <summary><c>None</c>: a new dimension of size 1.</summary>
public sealed record NewAxisItem(int Column) : SubscriptItem(Column);

/// <summary><c>True</c> or <c>False</c>: an index of length 1 or 0 that takes no dimension.</summary>
public sealed record BooleanItem(int Column, bool Value) : SubscriptItem(Column);

/// <summary>A tensor of the request, by name.</summary>
public sealed record TensorItem(int Column, string Name) : SubscriptItem(Column);

/// <summary><c>argmax(name, dim)</c>: positions of the maximum; over the flattened tensor when <paramref name="Dimension"/> is null.</summary>
public sealed record ArgmaxItem(int Column, string Name, long? Dimension) : SubscriptItem(Column);
