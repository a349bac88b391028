using System.Text.Json.Nodes;
using EmbedStore.Serving;
using EmbedStore.Shards;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace EmbedStore.Http;

/// <summary>Writes to many tables with one acknowledgement.</summary>
/// <remarks>Every part is checked before the first is written; then all are written at once. When one table's shard refuses, others may have theirs: a writer repeats the call, and each part counts once.</remarks>
internal sealed class UpdateCalls(TableCatalog catalog, UpdatePipeline updates, CallGate gate, IOptions<EmbedStoreOptions> options)
{
    public async Task UpdateAsync(HttpContext context)
    {
        gate.Enter();
        using var leases = new TableLeases(catalog);
        try
        {
            using DataRequest request = await RequestReader.ReadAsync(context.Request, "ids", options.Value.Limits.BodyBytes);
            FeatureList.RequireAccess(request, Grant.Of(context));
            request.Parameters.RequireKnown("features");
            WriterClaim? writer = Headers.WriterOf(context.Request);
            IReadOnlyList<Feature> features = FeatureList.Read(request, "name", "table", "op", "index", "dialect", "accumulate", "lr");
            if (writer is not null)
            {
                RequireOneOfEachTable(features);
            }

            // In the order of API section 5, over all parts: parameters, tables, subscripts, the rest.
            List<PartFields> fields = features.Select(PartFields.Of).ToList();
            List<Table> tables = features.Select(feature => leases.Lease(feature.Table)).ToList();
            List<UpdateRequest> requests = features.Zip(fields, (feature, part) => RequestOf(feature, part, writer)).ToList();
            using WriterTurn turn = await updates.TakeTurnAsync(writer, tables, context.RequestAborted);
            PreparedUpdate[] prepared = [.. requests.Select((part, i) => updates.Prepare(turn, tables[i], part))];
            await AnswerAsync(context, features, await CommitAsync(prepared));
        }
        finally
        {
            gate.Leave();
        }
    }

    /// <summary>Sequences are counted per table, so that one request can have one part in each.</summary>
    private static void RequireOneOfEachTable(IReadOnlyList<Feature> features)
    {
        Feature? second = features.GroupBy(static feature => feature.Table).FirstOrDefault(static group => group.Count() > 1)?.Last();
        if (second is not null)
        {
            throw second.Invalid("table", $"comes once where a writer is named; \"{second.Table}\" comes again");
        }
    }

    /// <summary>Tables side by side; the parts of one table one after the other, as they stand in the request.</summary>
    private async Task<UpdateAnswer[]> CommitAsync(PreparedUpdate[] parts)
    {
        var answers = new UpdateAnswer[parts.Length];
        await Task.WhenAll(Enumerable.Range(0, parts.Length).GroupBy(i => parts[i].Table).Select(async table =>
        {
            foreach (int i in table)
            {
                answers[i] = await updates.CommitAsync(parts[i], CancellationToken.None);
            }
        }));
        return answers;
    }

    private static UpdateRequest RequestOf(Feature feature, PartFields fields, WriterClaim? writer)
    {
        feature.Tensors.Remove(fields.Kind == RowWriteKind.Apply ? "gradients" : "values", out Tensor? values);
        return new UpdateRequest
        {
            Subscript = SubscriptParser.Parse(feature.Fields.GetValueOrDefault("index", "[ids]")),
            Tensors = feature.Tensors,
            Values = values,
            Kind = fields.Kind,
            Rate = fields.Rate,
            Writer = writer,
            Dialect = fields.Dialect,
        };
    }

    /// <summary>What a part says beside its table and its subscript.</summary>
    private sealed record PartFields(RowWriteKind Kind, double? Rate, Dialect Dialect)
    {
        public static PartFields Of(Feature feature) => new(
            KindOf(feature),
            RequestParameters.RateOf(feature.Number("lr"), $"{feature.Path}.lr"),
            RequestParameters.DialectOf(feature.Fields.GetValueOrDefault("dialect", "pytorch"), $"{feature.Path}.dialect"));

        private static RowWriteKind KindOf(Feature feature) => (feature.Fields.GetValueOrDefault("op", ""), feature.Flag("accumulate")) switch
        {
            ("put", false) => RowWriteKind.Assign,
            ("put", true) => RowWriteKind.Accumulate,
            ("apply", false) => RowWriteKind.Apply,
            ("apply", true) => throw feature.Invalid("accumulate", "goes with op put"),
            (string other, _) => throw feature.Invalid("op", $"is put or apply; was '{other}'"),
        };
    }

    private static Task AnswerAsync(HttpContext context, IReadOnlyList<Feature> features, UpdateAnswer[] answers)
    {
        Headers.SetVersion(context, answers.Length == 0 ? 0 : answers.Min(static answer => answer.Version));
        if (Array.TrueForAll(answers, static answer => answer.IsDuplicate))
        {
            Headers.SetDuplicate(context);
        }

        var list = new JsonArray();
        for (int i = 0; i < answers.Length; i++)
        {
            string count = features[i].Fields["op"] == "apply" ? "applied" : "written";
            list.Add(new JsonObject { ["name"] = features[i].Name, [count] = answers[i].RowCount, ["version"] = answers[i].Version });
        }

        return JsonAnswer.WriteAsync(context, new JsonObject { ["features"] = list });
    }
}
