using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>TorchRec's KeyedJaggedTensor: the ids of all features in one tensor, feature after feature and within a feature bag after bag.</summary>
/// <remarks>
/// <code>
///          bag 0    bag 1    bag 2            values   V0 V1 V2 V3 V4 V5 V6 V7
/// f0      [V0 V1]   []       [V2]             lengths  2 0 1  1 1 3
/// f1      [V3]      [V4]     [V5 V6 V7]       offsets  0 2 2 3 4 5 8
/// </code>
/// </remarks>
public static class KeyedJagged
{
    private static readonly string[] Names = ["values", "lengths", "offsets", "weights"];

    /// <summary>True when a request of these tensors has this form.</summary>
    public static bool IsForm(IReadOnlyDictionary<string, Tensor> tensors) => Names.Any(tensors.ContainsKey);

    /// <summary>Splits the tensors by feature.</summary>
    /// <param name="tensors"><c>values</c>; <c>lengths</c> or <c>offsets</c>; <c>weights</c> where given. Each of one dimension; values of U8 with two are padded keys.</param>
    /// <param name="isPooled">By feature: whether it takes bags, or ids alone.</param>
    /// <param name="limits">Of the call.</param>
    /// <returns>For each feature its tensors, views over those of the request, and the position of its first id.</returns>
    /// <exception cref="EmbedStoreException">UnknownTensor, MissingTensor, UnsupportedDtype, ShapeMismatch, or InvalidParameter for lengths or offsets that do not fit.</exception>
    public static IReadOnlyList<KeyedFeature> Split(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyList<bool> isPooled, ServingLimits limits)
    {
        string bounds = RequireTensors(tensors);
        if (tensors["values"] is { Type: ElementType.U8, Shape.Rank: 2 })
        {
            tensors = KeyTensors.Bind("values", tensors, limits);
        }

        RequireTypes(tensors);
        RequireShapes(tensors, bounds, isPooled.Count);
        long[] offsets = OffsetsOf(tensors, bounds);
        int bags = (offsets.Length - 1) / isPooled.Count;
        return isPooled.Select((pooled, feature) => FeatureOf(tensors, pooled, offsets.AsSpan(feature * bags, bags + 1))).ToList();
    }

    private static string RequireTensors(IReadOnlyDictionary<string, Tensor> tensors)
    {
        string bounds = tensors.ContainsKey("offsets") && !tensors.ContainsKey("lengths") ? "offsets" : "lengths";
        string? unknown = tensors.Keys.Where(name => name is not ("values" or "weights") && name != bounds).Order(StringComparer.Ordinal).FirstOrDefault();
        if (unknown is not null)
        {
            throw new EmbedStoreException(
                ErrorCode.UnknownTensor, $"A keyed jagged tensor has values, weights, and lengths or offsets: '{unknown}' is one too many.", new Fact("tensor", unknown));
        }

        string? missing = !tensors.ContainsKey("values") ? "values" : !tensors.ContainsKey(bounds) ? bounds : null;
        return missing is null ? bounds : throw new EmbedStoreException(ErrorCode.MissingTensor, $"A keyed jagged tensor needs '{missing}'.", new Fact("tensor", missing));
    }

    private static void RequireTypes(IReadOnlyDictionary<string, Tensor> tensors)
    {
        foreach ((string name, Tensor tensor) in tensors)
        {
            bool fits = tensor.Type.IsInteger() || (name == "weights" && tensor.Type.IsFloatingPoint()) || (name == "values" && tensor.Keys is not null);
            if (!fits)
            {
                throw TensorErrors.Type(name, tensor.Type);
            }
        }
    }

    private static void RequireShapes(IReadOnlyDictionary<string, Tensor> tensors, string bounds, int featureCount)
    {
        TensorShape values = tensors["values"].Shape;
        RequireShape("values", values.Rank == 1, "1 dimension", values);
        if (tensors.TryGetValue("weights", out Tensor? weights))
        {
            RequireShape("weights", weights.Shape.Equals(values), values, weights.Shape);
        }

        TensorShape shape = tensors[bounds].Shape;
        RequireShape(bounds, shape.Rank == 1, "1 dimension", shape);
        long extra = bounds == "offsets" ? 1 : 0;
        RequireShape(bounds, shape[0] >= extra && (shape[0] - extra) % featureCount == 0, $"a multiple of {featureCount} features{(extra > 0 ? ", and one" : "")}", shape);
    }

    private static void RequireShape(string tensor, bool fits, object expected, TensorShape actual)
    {
        if (!fits)
        {
            throw TensorErrors.Shape(tensor, expected, actual);
        }
    }

    /// <summary>Shape [features × bags + 1]: where each bag begins, and the end of the last.</summary>
    private static long[] OffsetsOf(IReadOnlyDictionary<string, Tensor> tensors, string bounds)
    {
        Tensor tensor = tensors[bounds];
        int first = bounds == "lengths" ? 1 : 0;
        long[] offsets = new long[tensor.Shape.ElementCount + first];
        ElementConverter.ReadIntegers(tensor, offsets.AsSpan(first));
        long count = tensors["values"].Shape.ElementCount;
        for (int i = 0; i < offsets.Length; i++)
        {
            long before = i == 0 ? 0 : offsets[i - 1];
            long length = first == 1 ? offsets[i] : unchecked(offsets[i] - before);
            bool fits = i == 0 ? offsets[i] == 0 : length >= 0 && length <= count - before;
            if (!fits)
            {
                throw Invalid(bounds, FormattableString.Invariant($"{bounds}[{i - first}] is {offsets[i]}, where {before} of {count} values are taken."));
            }

            offsets[i] = first == 1 ? before + length : offsets[i];
        }

        return offsets[^1] == count ? offsets : throw Invalid(bounds, FormattableString.Invariant($"The {bounds} cover {offsets[^1]} of {count} values."));
    }

    private static EmbedStoreException Invalid(string bounds, string message) => new(ErrorCode.InvalidParameter, message, new Fact("parameter", bounds));

    private static KeyedFeature FeatureOf(IReadOnlyDictionary<string, Tensor> tensors, bool isPooled, ReadOnlySpan<long> offsets)
    {
        (int begin, int end) = ((int)offsets[0], (int)offsets[^1]);
        var feature = new Dictionary<string, Tensor> { ["ids"] = SliceIds(tensors["values"], begin, end) };
        if (tensors.TryGetValue("weights", out Tensor? weights))
        {
            feature["weights"] = Slice(weights, begin, end);
        }

        if (isPooled)
        {
            long[] own = new long[offsets.Length];
            for (int i = 0; i < own.Length; i++)
            {
                own[i] = offsets[i] - begin;
            }

            feature["offsets"] = Tensor.Of(TensorShape.Of(own.Length), own);
        }

        return new KeyedFeature(feature, begin);
    }

    /// <summary>The whole stays what it is: an empty list may be ids or keys.</summary>
    private static Tensor SliceIds(Tensor values, int begin, int end) =>
        end - begin == values.Shape.ElementCount ? values
        : values.Keys is { } keys ? Tensor.Of(TensorShape.Of(end - begin), keys.Slice(begin, end - begin))
        : Slice(values, begin, end);

    private static Tensor Slice(Tensor tensor, int begin, int end)
    {
        int size = tensor.Type.ByteCount();
        return new Tensor(tensor.Type, TensorShape.Of(end - begin), tensor.Data.Slice(begin * size, (end - begin) * size));
    }
}

/// <summary>One feature of a <see cref="KeyedJagged"/>.</summary>
/// <param name="Tensors"><c>ids</c>; <c>offsets</c>, one more than there are bags, where it is pooled; <c>weights</c> where given.</param>
/// <param name="FirstId">Position of its first id in <c>values</c>; null for a feature with tensors of its own.</param>
public readonly record struct KeyedFeature(IReadOnlyDictionary<string, Tensor> Tensors, long? FirstId);
