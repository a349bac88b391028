using System.Globalization;
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
        var leases = new List<TableLease>();
        try
        {
            using DataRequest request = await RequestReader.ReadAsync(context.Request, "ids", options.Value.Limits.BodyBytes);
            request.Parameters.RequireKnown("features");
            WriterClaim? writer = Headers.WriterOf(context.Request);
            IReadOnlyList<Feature> features = FeatureList.Read(request, "name", "table", "op", "index", "dialect", "accumulate", "lr");
            if (writer is not null)
            {
                RequireOneOfEachTable(features);
            }

            foreach (Feature feature in features)
            {
                leases.Add(catalog.Lease(feature.Table));
            }

            using WriterTurn turn = await WriterTurn.TakeAsync(writer, leases.Select(static lease => lease.Table), context.RequestAborted);
            List<PreparedUpdate> prepared = features.Select((feature, i) => updates.Prepare(leases[i].Table, RequestOf(feature, writer))).ToList();
            UpdateAnswer[] answers = await Task.WhenAll(prepared.Select(update => updates.CommitAsync(update, CancellationToken.None).AsTask()));
            await AnswerAsync(context, features, answers);
        }
        finally
        {
            leases.ForEach(static lease => lease.Dispose());
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

    private static UpdateRequest RequestOf(Feature feature, WriterClaim? writer)
    {
        RowWriteKind kind = KindOf(feature);
        feature.Tensors.Remove(kind == RowWriteKind.Apply ? "gradients" : "values", out Tensor? values);
        return new UpdateRequest
        {
            Subscript = SubscriptParser.Parse(feature.Fields.GetValueOrDefault("index", "[ids]")),
            Tensors = feature.Tensors,
            Values = values,
            Kind = kind,
            Rate = RateOf(feature),
            Writer = writer,
            Dialect = RequestParameters.DialectOf(feature.Fields.GetValueOrDefault("dialect", "pytorch"), $"{feature.Path}.dialect"),
        };
    }

    private static RowWriteKind KindOf(Feature feature) => (feature.Fields.GetValueOrDefault("op", ""), feature.Fields.GetValueOrDefault("accumulate", "false")) switch
    {
        ("put", "false") => RowWriteKind.Assign,
        ("put", "true") => RowWriteKind.Accumulate,
        ("apply", "false") => RowWriteKind.Apply,
        ("put", string other) => throw feature.Invalid("accumulate", $"is true or false; was '{other}'"),
        ("apply", _) => throw feature.Invalid("accumulate", "goes with op put"),
        (string other, _) => throw feature.Invalid("op", $"is put or apply; was '{other}'"),
    };

    private static double? RateOf(Feature feature) => !feature.Fields.TryGetValue("lr", out string? text) ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate) ? rate
        : throw feature.Invalid("lr", $"is a number; was '{text}'");

    private static Task AnswerAsync(HttpContext context, IReadOnlyList<Feature> features, UpdateAnswer[] answers)
    {
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
