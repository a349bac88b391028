using EmbedStore.Serving;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>Reads of many features of many tables in one call.</summary>
internal sealed class LookupCalls(TableCatalog catalog, LookupPipeline lookups, ServingLimits limits, CallGate gate, ClusterPlace place, IOptions<EmbedStoreOptions> options)
{
    /// <summary>Most features of one call: each answers a tensor.</summary>
    private const int FeatureCountMax = MessageLimits.TensorCountMax;

    private const string Sequence = "sequence";

    public async Task LookUpAsync(HttpContext context)
    {
        gate.Enter();
        using var leases = new TableLeases(catalog);
        try
        {
            using DataRequest request = await RequestReader.ReadAsync(context.Request, "ids", options.Value.Limits.BodyBytes);
            FeatureList.RequireAccess(request, Grant.Of(context));
            request.Parameters.RequireKnown("features");
            Freshness freshness = Headers.FreshnessOf(context.Request, place.StalenessMaxMilliseconds);
            IReadOnlyList<Feature> features = FeatureList.Parse(request, FeatureCountMax, "name", "table", "mode", "dtype", "missing", "padding_idx", "include_last_offset");
            List<FeatureFields> fields = features.Select(FieldsOf).ToList();
            List<Table> tables = features.Select(feature => leases.Lease(feature.Table)).ToList();
            IReadOnlyList<KeyedFeature> tensors = TensorsOf(request, features, fields);
            List<FeatureRequest> requests = features.Select((feature, i) => RequestOf(feature, fields[i], tables[i], tensors[i])).ToList();
            using FeatureAnswers answers = await lookups.LookUpAsync(requests, freshness, context.RequestAborted);
            Headers.SetVersion(context, answers.Version);
            await AnswerWriter.WriteAsync(context, request.AnswerEncoding, answers.Features.Select((answer, i) => TensorOf(features[i].Name, answer)).ToList());
        }
        finally
        {
            gate.Leave();
        }
    }

    private static FeatureFields FieldsOf(Feature feature)
    {
        RequireName(feature);
        string mode = feature.Fields.GetValueOrDefault("mode", Sequence);
        return new FeatureFields(
            mode == Sequence ? null : feature.Choice<PoolingMode>("mode", alsoAllowed: Sequence),
            feature.Type("dtype"),
            feature.Choice<MissingPolicy>("missing"),
            feature.Integer("padding_idx"),
            feature.Flag("include_last_offset"));
    }

    /// <summary>The name becomes that of a tensor of the answer.</summary>
    private static void RequireName(Feature feature)
    {
        if (feature.Name == MessageLimits.ReservedName || System.Text.Encoding.UTF8.GetByteCount(feature.Name) > MessageLimits.NameByteCountMax)
        {
            throw feature.Invalid("name", $"has at most {MessageLimits.NameByteCountMax} bytes and is not {MessageLimits.ReservedName}");
        }
    }

    /// <summary>Each feature's own tensors, or its part of those that hold all features.</summary>
    private IReadOnlyList<KeyedFeature> TensorsOf(DataRequest request, IReadOnlyList<Feature> features, List<FeatureFields> fields)
    {
        if (KeyedJagged.IsForm(request.Tensors))
        {
            int given = fields.FindIndex(static field => field.IncludeLastOffset);
            return given < 0
                ? KeyedJagged.Split(request.Tensors, fields.ConvertAll(static field => field.Mode is not null), limits)
                : throw features[given].Invalid("include_last_offset", "goes with offsets of the feature's own");
        }

        FeatureList.Share(request.Tensors, features);
        return features.Select(static feature => new KeyedFeature(feature.Tensors, null)).ToList();
    }

    /// <summary>A keyed jagged tensor's offsets end with the number of ids.</summary>
    private static FeatureRequest RequestOf(Feature feature, FeatureFields fields, Table table, KeyedFeature tensors) => new()
    {
        Table = table,
        Tensors = tensors.Tensors,
        Origin = new FeatureOrigin(feature.Path, feature.Name, tensors.FirstId),
        Mode = fields.Mode,
        Type = fields.Type,
        Missing = fields.Missing,
        PaddingIndex = fields.PaddingIndex,
        IncludeLastOffset = fields.IncludeLastOffset || (tensors.FirstId is not null && fields.Mode is not null),
    };

    private static AnswerTensor TensorOf(string name, FeatureAnswer answer) =>
        answer.Rows is { } rows ? new LookupTensor(name, rows) : new MemoryTensor(name, answer.Tensor!);

    private sealed record FeatureFields(PoolingMode? Mode, ElementType? Type, MissingPolicy? Missing, long? PaddingIndex, bool IncludeLastOffset);
}
