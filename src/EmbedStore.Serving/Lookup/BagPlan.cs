using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>A bag that passed every check.</summary>
/// <remarks>Immutable.</remarks>
internal sealed record BagPlan
{
    private static readonly string[] TensorNames = ["ids", "offsets", "weights"];

    /// <summary>Shape [n]: every row, bag after bag.</summary>
    public required RowList Rows { get; init; }

    /// <summary>Shape of the ids as they were sent.</summary>
    public required TensorShape IdsShape { get; init; }

    /// <summary>Shape [bags + 1]: where each bag begins, and the end of the last.</summary>
    public required ReadOnlyMemory<long> Begins { get; init; }

    /// <summary>Shape [n], or empty: all 1.</summary>
    public required ReadOnlyMemory<double> Weights { get; init; }

    public required PoolingMode Mode { get; init; }

    public required long? PaddingId { get; init; }

    public required ElementType Type { get; init; }

    public required MissingPolicy Missing { get; init; }

    /// <summary>Checks a bag.</summary>
    /// <param name="table">The table.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="budget">The call's, which the bags take from.</param>
    /// <param name="memory">What the plan lives in.</param>
    /// <exception cref="EmbedStoreException">
    /// UnknownTensor, MissingTensor, UnsupportedDtype, ShapeMismatch, InvalidParameter (offsets, mode, padding_idx), ResultTooLarge, IndexOutOfRange.
    /// </exception>
    public static BagPlan Of(Table table, BagRequest request, ResultBudget budget, RequestMemory memory)
    {
        long? padding = Padding(table, request.PaddingIndex);

        // First: padded keys have a dimension more than ids.
        if (table.Shape.HasKeys)
        {
            request = request with { Tensors = KeyTensors.Bind("ids", request.Tensors, budget.Limits, memory) };
        }

        RequireTensors(request.Tensors);
        budget.Limits.RequireIds(request.Tensors);
        ElementType type = RequireTypes(table, request);
        Tensor ids = request.Tensors["ids"];
        RequireShapes(table, request, ids);

        RequireBags(table, request, ids, type, budget);
        Memory<long> begins = Offsets(request, ids, memory);
        RowList rows = EmbeddingIds.Read(table, ids, memory);
        return new BagPlan
        {
            Rows = rows,
            IdsShape = ids.Shape,
            Begins = begins,
            Weights = request.Tensors.TryGetValue("weights", out Tensor? weights) ? Doubles(weights, memory) : default,
            Mode = request.Mode,
            PaddingId = padding,
            Type = type,
            Missing = request.Missing ?? table.Spec.Missing,
        };
    }

    private static void RequireTensors(IReadOnlyDictionary<string, Tensor> tensors)
    {
        string? unknown = tensors.Keys.Except(TensorNames).Order(StringComparer.Ordinal).FirstOrDefault();
        if (unknown is not null)
        {
            throw new EmbedStoreException(ErrorCode.UnknownTensor, $"A bag takes ids, offsets and weights, not '{unknown}'.", new Fact("tensor", unknown));
        }

        string? missing = !tensors.TryGetValue("ids", out Tensor? ids) ? "ids" : ids.Shape.Rank == 1 && !tensors.ContainsKey("offsets") ? "offsets" : null;
        if (missing is not null)
        {
            throw new EmbedStoreException(ErrorCode.MissingTensor, $"A bag needs '{missing}'.", new Fact("tensor", missing));
        }
    }

    private static ElementType RequireTypes(Table table, BagRequest request)
    {
        foreach ((string name, Tensor tensor) in request.Tensors)
        {
            bool fits = name switch
            {
                "weights" => tensor.Type.IsFloatingPoint() || tensor.Type.IsInteger(),
                "ids" when table.Shape.HasKeys => tensor.Type == ElementType.Str,
                _ => tensor.Type.IsInteger(),
            };
            if (!fits)
            {
                throw TensorErrors.Type(name, tensor.Type);
            }
        }

        ElementType type = request.Type ?? table.Rows.ValueType;
        return table.Rows.ValueType.IsFloatingPoint() && type.IsFloatingPoint()
            ? type
            : throw new EmbedStoreException(
                ErrorCode.UnsupportedDtype, $"Rows of {table.Rows.ValueType.WireName()} are not pooled to {type.WireName()}: both are floating point.", new Fact("tensor", "rows"));
    }

    private static void RequireShapes(Table table, BagRequest request, Tensor ids)
    {
        EmbeddingIds.RequireRows(table);
        if (ids.Shape.Rank is not (1 or 2))
        {
            throw TensorErrors.Shape("ids", "1 or 2 dimensions", ids.Shape);
        }

        if (request.Tensors.TryGetValue("offsets", out Tensor? offsets))
        {
            if (ids.Shape.Rank == 2)
            {
                throw TensorErrors.Shape("offsets", "no offsets beside ids of 2 dimensions", offsets.Shape);
            }

            if (offsets.Shape.Rank != 1)
            {
                throw TensorErrors.Shape("offsets", "1 dimension", offsets.Shape);
            }
        }

        if (request.Tensors.TryGetValue("weights", out Tensor? weights) && !weights.Shape.Equals(ids.Shape))
        {
            throw TensorErrors.Shape("weights", ids.Shape, weights.Shape);
        }

        if (weights is not null && request.Mode != PoolingMode.Sum)
        {
            throw Invalid("mode", "Weights go with mode=sum only.");
        }
    }

    private static EmbedStoreException Invalid(string parameter, string message) =>
        new(ErrorCode.InvalidParameter, message, new Fact("parameter", parameter));

    /// <summary>Two dimensions can make any number of empty bags out of no ids, so bags are counted before anything is made for them.</summary>
    private static void RequireBags(Table table, BagRequest request, Tensor ids, ElementType type, ResultBudget budget)
    {
        long bags = request.Tensors.TryGetValue("offsets", out Tensor? offsets) ? offsets.Shape.ElementCount : ids.Shape[0];
        int elementByteCount = Math.Max(type.ByteCount(), table.Rows.ComputeType.ByteCount());
        budget.Take(((Int128)bags + 1) * Math.Max(table.Shape.RowWidth * elementByteCount, sizeof(long)));
    }

    private static Memory<long> Offsets(BagRequest request, Tensor ids, RequestMemory memory)
    {
        if (!request.Tensors.TryGetValue("offsets", out Tensor? tensor))
        {
            Memory<long> equal = memory.Rent<long>((int)ids.Shape[0] + 1);
            for (int bag = 0; bag < equal.Length; bag++)
            {
                equal.Span[bag] = bag * ids.Shape[1];
            }

            return equal;
        }

        int count = (int)tensor.Shape.ElementCount;
        Memory<long> begins = memory.Rent<long>(request.IncludeLastOffset ? count : count + 1);
        ElementConverter.ReadIntegers(tensor, begins.Span[..count]);
        RequireOffsets(begins.Span[..count], ids.Shape.ElementCount, request.IncludeLastOffset);
        if (!request.IncludeLastOffset)
        {
            begins.Span[count] = ids.Shape.ElementCount;
        }

        return begins;
    }

    private static void RequireOffsets(ReadOnlySpan<long> offsets, long idCount, bool includeLast)
    {
        if (includeLast && (offsets.Length == 0 || offsets[^1] != idCount))
        {
            throw Invalid("offsets", FormattableString.Invariant($"With include_last_offset the last offset is the number of ids, {idCount}."));
        }

        for (int i = 0; i < offsets.Length; i++)
        {
            long least = i == 0 ? 0 : offsets[i - 1];
            if (offsets[i] < least || offsets[i] > idCount || (i == 0 && offsets[i] != 0))
            {
                string allowed = i == 0 ? "0" : FormattableString.Invariant($"in [{least}, {idCount}]");
                throw Invalid("offsets", FormattableString.Invariant($"Offset {offsets[i]} at position {i} must be {allowed}."));
            }
        }
    }

    private static long? Padding(Table table, long? index)
    {
        if (index is not null && table.Shape.HasKeys)
        {
            throw Invalid("padding_idx", "padding_idx is an integer, and the table's rows have strings as keys.");
        }

        if (index is not { } id || table.Shape.IsOpen)
        {
            return index;
        }

        long rows = table.Shape.RowCount;
        id = id < 0 ? id + rows : id;
        return id >= 0 && id < rows ? id : throw Invalid("padding_idx", FormattableString.Invariant($"padding_idx {index} is outside [{-rows}, {rows})."));
    }

    private static Memory<double> Doubles(Tensor weights, RequestMemory memory)
    {
        Memory<double> values = memory.Rent<double>((int)weights.Shape.ElementCount);
        ElementConverter.Convert(weights.Data.Span, weights.Type, MemoryMarshal.AsBytes(values.Span), ElementType.F64);
        return values;
    }
}
