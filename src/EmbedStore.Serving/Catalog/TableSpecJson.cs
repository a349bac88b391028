using System.Text.Json;
using System.Text.Json.Nodes;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The JSON form of a <see cref="TableSpec"/>, API section 3. Writing and reading give an equal spec.</summary>
public static class TableSpecJson
{
    private const string Nearest = "nearest";
    private const string Stochastic = "stochastic";
    private const string Spec = "spec";
    private const string Rows = "rows";

    private static readonly string[] Fields =
        ["shape", "dtype", "scale", "key", "shards", "missing", "initializer", "optimizer", "durability", "ttl", "admission", "capacity"];

    private static readonly Dictionary<string, string[]> InitializerFields = new()
    {
        ["zeros"] = [],
        ["constant"] = ["value"],
        ["uniform"] = ["low", "high", "seed"],
        ["normal"] = ["mean", "std", "seed"],
        ["identity"] = [],
    };

    /// <summary>Reads a spec.</summary>
    /// <param name="fields">The members of the JSON object.</param>
    /// <param name="shardCountDefault">Shards of a table that does not say.</param>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.UnknownParameter"/> or <see cref="ErrorCode.InvalidParameter"/>, with the field in <c>parameter</c>.</exception>
    public static TableSpec Read(IReadOnlyDictionary<string, JsonElement> fields, int shardCountDefault)
    {
        var reader = new SpecReader(fields, "");
        reader.RequireKnown(Fields);
        List<long?> sizes = ReadSizes(reader);
        InitializerSpec? initializer = ReadInitializer(reader);
        ElementType type = ReadType(reader);
        RequireOpen(reader, sizes[0] is null, "admission", "capacity");
        var spec = new TableSpec
        {
            Sizes = sizes,
            Type = type,
            Key = ReadKey(reader, sizes[0] is null, initializer),
            ScaledByRow = ReadScale(reader, type),
            ShardCount = (int)reader.Integer("shards", shardCountDefault, 1, TableSpec.ShardCountMax),
            Initializer = initializer,
            Missing = reader.Choice("missing", initializer is null ? MissingPolicy.Zeros : MissingPolicy.Initialize),
            Optimizer = ReadOptimizer(reader, type),
            Durability = reader.Choice("durability", Durability.Commit),
            TimeToLive = ReadTimeToLive(reader),
            Admission = ReadAdmission(reader),
            Capacity = ReadCapacity(reader),
        };
        RequireRowFits(spec);
        return spec;
    }

    /// <summary>Reads a spec and a number of rows: <c>{"spec": {...}, "rows": 1000}</c>, or <c>rows</c> among the fields of the spec.</summary>
    /// <exception cref="EmbedStoreException">As <see cref="Read"/>.</exception>
    public static (TableSpec Spec, long? RowCount) ReadWithRows(IReadOnlyDictionary<string, JsonElement> fields, int shardCountDefault)
    {
        var reader = new SpecReader(fields, "");
        Dictionary<string, JsonElement> spec = fields.Where(static field => field.Key != Rows).ToDictionary();
        if (reader.Find(Spec) is { } inner)
        {
            reader.RequireKnown([Spec, Rows]);
            spec = inner.ValueKind == JsonValueKind.Object ? SpecReader.FieldsOf(inner, "spec.") : throw reader.Invalid(Spec, "is an object");
        }

        return (Read(spec, shardCountDefault), reader.Find(Rows) is null ? null : reader.Integer(Rows, 0, 0, TableEstimate.RowCountMax));
    }

    /// <summary>Writes a spec with all its defaults, in the order of API section 3.</summary>
    public static JsonObject Write(TableSpec spec) => new()
    {
        ["shape"] = new JsonArray(spec.Sizes.Select(static size => size is { } s ? JsonValue.Create(s) : (JsonNode)JsonValue.Create("*")).ToArray()),
        ["dtype"] = spec.Type.WireName(),
        ["scale"] = spec.ScaledByRow ? "row" : null,
        ["key"] = SpecReader.NameOf(spec.Key),
        ["shards"] = spec.ShardCount,
        ["missing"] = SpecReader.NameOf(spec.Missing),
        ["initializer"] = spec.Initializer is { } initializer ? Write(initializer) : null,
        ["optimizer"] = spec.Optimizer is { } optimizer ? Write(optimizer) : null,
        ["durability"] = SpecReader.NameOf(spec.Durability),
        ["ttl"] = spec.TimeToLive,
        ["admission"] = spec.Admission is { } admission ? new JsonObject { ["min_count"] = admission.MinCount } : null,
        ["capacity"] = spec.Capacity is { } capacity ? new JsonObject { ["rows"] = capacity.Rows, ["evict"] = SpecReader.NameOf(capacity.Evict) } : null,
    };

    /// <summary>Names of the fields in which two specs differ, in the order of API section 3.</summary>
    public static IReadOnlyList<string> Differences(TableSpec left, TableSpec right)
    {
        JsonObject a = Write(left);
        JsonObject b = Write(right);
        return Fields.Where(field => !JsonNode.DeepEquals(a[field], b[field])).ToList();
    }

    private static JsonObject Write(InitializerSpec spec)
    {
        var json = new JsonObject { ["kind"] = spec.Kind };
        foreach (string field in InitializerFields[spec.Kind])
        {
            json[field] = field switch
            {
                "value" => spec.Value,
                "low" => spec.Low,
                "high" => spec.High,
                "mean" => spec.Mean,
                "std" => spec.Std,
                _ => spec.Seed,
            };
        }

        return json;
    }

    private static JsonObject Write(OptimizerSpec spec)
    {
        var json = new JsonObject { ["kind"] = spec.Kind };
        foreach ((string name, _) in OptimizerSpec.ParametersOf(spec.Kind))
        {
            json[name] = spec.Parameters[name];
        }

        if (spec.RoundingSeed is { } seed)
        {
            json["rounding"] = Stochastic;
            json["seed"] = seed;
        }

        return json;
    }

    private static List<long?> ReadSizes(SpecReader reader)
    {
        if (reader.Find("shape") is not { ValueKind: JsonValueKind.Array } shape)
        {
            throw reader.Invalid("shape", "is a list of sizes, such as [1000, 64] or [\"*\", 64]");
        }

        int rank = shape.GetArrayLength();
        if (rank is < 1 or > TensorShape.RankMax)
        {
            throw reader.Invalid("shape", $"has between 1 and {TensorShape.RankMax} dimensions; this one has {rank}");
        }

        var sizes = shape.EnumerateArray().Select((size, i) => ReadSize(reader, size, isFirst: i == 0)).ToList();
        if (sizes[0] is null && rank > 2)
        {
            throw reader.Invalid("shape", "of an open vocabulary is [\"*\", K]");
        }

        if (!TensorShape.TryCreate(sizes.Select(static size => size ?? 1).ToArray(), out _))
        {
            throw reader.Invalid("shape", "has more elements than 64 bits can count");
        }

        if (rank > 1 && sizes[^1] > TableSpec.RowWidthMax)
        {
            throw reader.Invalid("shape", $"has rows of at most {TableSpec.RowWidthMax} elements; these have {sizes[^1]}");
        }

        return sizes;
    }

    private static long? ReadSize(SpecReader reader, JsonElement size, bool isFirst) => size switch
    {
        { ValueKind: JsonValueKind.String } when isFirst && size.ValueEquals("*") => null,
        { ValueKind: JsonValueKind.Number } when size.TryGetInt64(out long value) && value >= 1 => value,
        _ => throw reader.Invalid("shape", $"has sizes of at least 1, or \"*\" as the first; found {size.GetRawText()}"),
    };

    private static ElementType ReadType(SpecReader reader)
    {
        string name = reader.Text("dtype", "F32");
        return ElementTypes.TryParse(name, out ElementType type) && type is not (ElementType.I16 or ElementType.Bool)
            ? type
            : throw reader.Invalid("dtype", $"is one of F32 F16 BF16 F64 I64 I32 U8, or I8 with a scale; was \"{name}\"");
    }

    private static bool ReadScale(SpecReader reader, ElementType type)
    {
        string? scale = reader.Find("scale") is null ? null : reader.Text("scale", "");
        return (type, scale) switch
        {
            (ElementType.I8, "row") => true,
            (ElementType.I8, _) => throw reader.Invalid("scale", "is \"row\" for a table of I8"),
            (_, null) => false,
            _ => throw reader.Invalid("scale", "belongs to a table of I8"),
        };
    }

    private static KeyKind ReadKey(SpecReader reader, bool isOpen, InitializerSpec? initializer)
    {
        KeyKind key = reader.Choice("key", KeyKind.Int64);
        return key == KeyKind.Int64 ? key
            : !isOpen ? throw reader.Invalid("key", "\"string\" needs an open vocabulary: [\"*\", K]")
            : initializer?.Kind == "identity" ? throw reader.Invalid("initializer", "\"identity\" needs integers as keys")
            : key;
    }

    private static void RequireOpen(SpecReader reader, bool isOpen, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (!isOpen && reader.Find(name) is not null)
            {
                throw reader.Invalid(name, "needs an open vocabulary: [\"*\", K]");
            }
        }
    }

    private static double? ReadTimeToLive(SpecReader reader) =>
        reader.Find("ttl") is null ? null
        : reader.Number("ttl", 0) is > 0 and <= TableSpec.TimeToLiveMax and double seconds ? seconds
        : throw reader.Invalid("ttl", FormattableString.Invariant($"is a number of seconds above 0 and up to {TableSpec.TimeToLiveMax}"));

    private static AdmissionSpec? ReadAdmission(SpecReader reader)
    {
        if (reader.Child("admission") is not { } child)
        {
            return null;
        }

        child.RequireKnown(["min_count"]);
        return child.Find("min_count") is null
            ? throw child.Invalid("min_count", "is the update with which an id gets a row")
            : new AdmissionSpec((int)child.Integer("min_count", 1, 1, RowFormat.AdmissionCountMax));
    }

    private static CapacitySpec? ReadCapacity(SpecReader reader)
    {
        if (reader.Child("capacity") is not { } child)
        {
            return null;
        }

        child.RequireKnown(["rows", "evict"]);
        return child.Find("rows") is null
            ? throw child.Invalid("rows", "is the most rows that the table has")
            : new CapacitySpec(child.Integer("rows", 1, 1, CapacitySpec.RowsMax), child.Choice("evict", EvictionPolicy.Lru));
    }

    private static InitializerSpec? ReadInitializer(SpecReader reader)
    {
        if (reader.Child("initializer") is not { } child)
        {
            return null;
        }

        string kind = child.Text("kind", "");
        if (!InitializerFields.TryGetValue(kind, out string[]? fields))
        {
            throw child.Invalid("kind", $"is one of {string.Join(", ", InitializerFields.Keys)}; was \"{kind}\"");
        }

        child.RequireKnown(["kind", .. fields]);
        var spec = new InitializerSpec(
            kind,
            child.Number("value", 0),
            child.Number("low", 0),
            child.Number("high", kind == "uniform" ? 1 : 0),
            child.Number("mean", 0),
            child.Number("std", kind == "normal" ? 1 : 0),
            child.Integer("seed", 0, long.MinValue, long.MaxValue));
        try
        {
            spec.ToInitializer();
            return spec;
        }
        catch (ArgumentException e)
        {
            throw reader.Invalid("initializer", $"cannot be: {e.Message}");
        }
    }

    private static OptimizerSpec? ReadOptimizer(SpecReader reader, ElementType type)
    {
        if (reader.Child("optimizer") is not { } child)
        {
            return null;
        }

        string kind = child.Text("kind", "");
        if (!OptimizerSpec.Kinds.Contains(kind))
        {
            throw child.Invalid("kind", $"is one of {string.Join(", ", OptimizerSpec.Kinds)}; was \"{kind}\"");
        }

        if (!type.IsFloatingPoint() && type != ElementType.I8)
        {
            throw reader.Invalid("optimizer", $"needs rows of floating point; these are {type.WireName()}");
        }

        IReadOnlyList<(string Name, double Default)> parameters = OptimizerSpec.ParametersOf(kind);
        child.RequireKnown(["kind", "rounding", "seed", .. parameters.Select(static parameter => parameter.Name)]);
        var spec = new OptimizerSpec(kind, parameters.ToDictionary(static parameter => parameter.Name, parameter => child.Number(parameter.Name, parameter.Default)))
        {
            RoundingSeed = ReadRounding(child, type),
        };
        try
        {
            spec.ToOptimizer();
            return spec;
        }
        catch (ArgumentException e)
        {
            throw reader.Invalid("optimizer", $"cannot be: {e.Message}");
        }
    }

    private static long? ReadRounding(SpecReader child, ElementType type)
    {
        string rounding = child.Text("rounding", Nearest);
        long seed = child.Integer("seed", 0, long.MinValue, long.MaxValue);
        return rounding switch
        {
            Nearest => null,
            Stochastic when type is ElementType.F16 or ElementType.BF16 => seed,
            Stochastic => throw child.Invalid("rounding", $"\"{Stochastic}\" is for rows of F16 and BF16"),
            _ => throw child.Invalid("rounding", $"is \"{Nearest}\" or \"{Stochastic}\"; was \"{rounding}\""),
        };
    }

    private static void RequireRowFits(TableSpec spec)
    {
        try
        {
            spec.ToRowFormat();
        }
        catch (ArgumentException e)
        {
            throw new EmbedStoreException(ErrorCode.InvalidParameter, $"shape cannot be: {e.Message}", new Fact("parameter", "shape"));
        }
    }
}
