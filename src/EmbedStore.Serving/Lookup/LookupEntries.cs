using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The rows that a lookup reads, and the shape that they make.</summary>
/// <param name="ResultShape">Of the answer.</param>
/// <param name="EntryShape">The answer's without the row's own dimension.</param>
/// <param name="Rows">Shape [n], valid in the table.</param>
/// <param name="ElementColumns">Shape [n] when each entry has a column of its own; empty otherwise.</param>
internal readonly record struct LookupEntries(TensorShape ResultShape, TensorShape EntryShape, RowList Rows, ReadOnlyMemory<int> ElementColumns);
