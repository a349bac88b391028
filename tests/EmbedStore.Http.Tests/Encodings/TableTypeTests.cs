using EmbedStore.Tensors;
using EmbedStore.Testing;

namespace EmbedStore.Http.Tests.Encodings;

/// <summary>Tables of every element type and of odd shapes, and the parameters of a gather.</summary>
public class TableTypeTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly ElementType[] Stored = [ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F64, ElementType.I64, ElementType.I32, ElementType.U8, ElementType.I8];

    private ApiClient Api => server.Api;

    public static TheoryData<ElementType> StoredTypes() => [.. Stored];

    [Theory]
    [MemberData(nameof(StoredTypes))]
    public async Task Gather_WithDtype_AnswersEveryTypeThatHoldsTheValuesAndRefusesTheOthers(ElementType stored)
    {
        string scale = stored == ElementType.I8 ? ", \"scale\": \"row\"" : "";
        string table = await Api.NewAsync("[3, 4]", $", \"dtype\": \"{stored.WireName()}\"{scale}");
        ElementType written = stored == ElementType.I8 ? ElementType.F32 : stored;
        (await Api.PutAsync(table, "[1]", Elements.Of(written, TensorShape.Of(4), 1, 2, 0, 127))).Success();
        foreach (ElementType asked in Enum.GetValues<ElementType>().Except([ElementType.Str]))
        {
            foreach (WireFormat format in Enum.GetValues<WireFormat>())
            {
                Answer answer = await Api.CallAsync(table, "gather", "[1]", query: "dtype=" + asked.WireName(), accept: WireBody.MediaTypeOf(format));
                if (ElementConverter.CanConvert(written, asked))
                {
                    Assert.Equal(asked, answer.Rows().Type);
                    Assert.Equal([1, 2, 0, 127], answer.Rows().Doubles());
                }
                else
                {
                    Assert.Equal((400, "unsupported_dtype"), (answer.Status, answer.Code));
                    Assert.Equal("rows", answer["tensor"].GetString());
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(StoredTypes))]
    public async Task Put_Accumulate_AddsInTheTablesOwnType(ElementType stored)
    {
        string scale = stored == ElementType.I8 ? ", \"scale\": \"row\"" : "";
        string table = await Api.NewAsync("[3, 4]", $", \"dtype\": \"{stored.WireName()}\"{scale}");
        var tensors = ApiClient.Ids(2, 2, 0, 2);
        (await Api.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Scalar, 3), tensors, accumulate: true)).Success();
        double[] rows = (await Api.GatherAsync(table, "[:, 1]", query: "dtype=F64")).Rows().Doubles();
        Assert.Equal([3, 0, 9], rows.Select(static value => Math.Round(value)).ToArray());
    }

    [Fact]
    public async Task Put_ElementsOfARowWithAScale_KeepsTheOthersNear()
    {
        string table = await Api.NewAsync("[2, 3]", ", \"dtype\": \"I8\", \"scale\": \"row\"");
        (await Api.PutAsync(table, "[1]", Elements.F32(TensorShape.Of(3), 1, -2, 0.5f))).Success();
        (await Api.PutAsync(table, "[1, 2]", Elements.F32(TensorShape.Scalar, 4))).Success();
        float[] row = (await Api.GatherAsync(table, "[1]")).Rows().Floats();
        Assert.Equal([1f, -2f, 4f], row.Select(static value => MathF.Round(value, 1)).ToArray());
        Assert.Equal(ElementType.F32, (await Api.GatherAsync(table, "[1]")).Rows().Type);
    }

    [Fact]
    public async Task OneDimension_IsATableOfSingleElements()
    {
        string table = await Api.NewCountedAsync(5);
        await Api.GatherAsync(table, "[ids]", ApiClient.Ids(-1, 1)).HoldsAsync(4, 1);
        await Api.GatherAsync(table, "[2:4]").HoldsAsync(2, 3);
        Tensor scalar = (await Api.GatherAsync(table, "[3]")).Rows();
        Assert.Equal(0, scalar.Shape.Rank);
        await Api.GatherAsync(table, "[m]", new Dictionary<string, Tensor> { ["m"] = Elements.Mask(true, false, false, false, true) }).HoldsAsync(0, 4);
        (await Api.PutAsync(table, "[ids]", Tensor.Of(TensorShape.Of(3), 1, 2, 3), ApiClient.Ids(0, 0, 0), accumulate: true)).Success();
        await Api.GatherAsync(table, "[0]").HoldsAsync(6);
        Answer status = await Api.GatherAsync(table, "[ids]", ApiClient.Ids(0, 1), "status=true");
        Assert.Equal(TensorShape.Of(2), status.Tensors()["version"].Shape);
        Assert.Equal(2, (await Api.CallAsync(table, "erase", null, ApiClient.Ids(0, 1)))["erased"].GetInt64());
    }

    [Fact]
    public async Task EightDimensions_AreIndexedLikeTwo()
    {
        string table = await Api.NewCountedAsync(2, 1, 2, 1, 2, 1, 2, 3);
        Tensor rows = (await Api.GatherAsync(table, "[1, 0, ids, 0, :, 0, 1]", ApiClient.Ids(1, 0))).Rows();
        Assert.Equal(TensorShape.Of(2, 2, 3), rows.Shape);
        Assert.Equal([39, 40, 41, 45, 46, 47, 27, 28, 29, 33, 34, 35], rows.Integers());
        Assert.Equal(TensorShape.Of(3, 2, 2, 2, 2, 1, 1, 1), (await Api.GatherAsync(table, "[...]", query: "permute=7,0,2,4,6,1,3,5")).Rows().Shape);
        Answer tooMany = await Api.GatherAsync(table, "[None]");
        Assert.Equal((400, "too_many_indices"), (tooMany.Status, tooMany.Code));
    }

    [Fact]
    public async Task Identity_IsAOneHotTableWithoutStorage()
    {
        string table = await Api.NewAsync("[1000000, 1000]", ", \"initializer\": {\"kind\": \"identity\"}");
        float[] row = (await Api.GatherAsync(table, "[ids]", ApiClient.Ids(999, 1_000))).Rows().Floats();
        Assert.Equal([999], Enumerable.Range(0, 2000).Where(i => row[i] != 0));
        Assert.Equal(1f, row[999]);
        Assert.Equal(0, (await Api.GetAsync($"/v1/tables/{table}"))["stats"].GetProperty("bytes").GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task OpenVocabulary_TakesAnyInt64AsItIs()
    {
        string table = await Api.NewAsync("[\"*\", 2]");
        long[] ids = [long.MinValue, -1, 0, 1, long.MaxValue];
        float[] values = [.. Enumerable.Range(1, 10).Select(static i => (float)i)];
        (await Api.PutAsync(table, "[ids]", Elements.F32(TensorShape.Of(5, 2), values), ApiClient.Ids(ids))).Success();
        Assert.Equal(values, (await Api.GatherAsync(table, "[ids]", ApiClient.Ids(ids))).Rows().Floats());
        await Api.GatherAsync(table, "[-1]").HoldsAsync(3, 4);
        await Api.GatherAsync(table, "[-9223372036854775808, 1]").HoldsAsync(2);
        await Api.GatherAsync(table, "[9223372036854775807, :]").HoldsAsync(9, 10);
        Answer source = await Api.CallAsync(table, "source", "[ids]", ApiClient.Ids(7, -1, 7), "rows=true");
        Assert.Equal([-1, 7], source.Tensors()["unique"].Integers());
        Assert.Equal([1, 0, 1], source.Tensors()["inverse"].Integers());
        Assert.Equal([1, 2], source.Tensors()["counts"].Integers());
        Assert.Equal(5, (await Api.GetAsync($"/v1/tables/{table}"))["stats"].GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task Missing_OfTableAndCall_DecideWhatUnwrittenRowsAre()
    {
        string initializer = ", \"initializer\": {\"kind\": \"constant\", \"value\": 2.5}";
        string zeros = await Api.NewAsync("[4, 1]", initializer + ", \"missing\": \"zeros\"");
        string initialized = await Api.NewAsync("[4, 1]", initializer);
        string strict = await Api.NewAsync("[4, 1]", initializer + ", \"missing\": \"error\"");
        await Api.GatherAsync(zeros, "[1]").HoldsAsync(0);
        await Api.GatherAsync(zeros, "[1]", query: "missing=initialize").HoldsAsync(2.5f);
        await Api.GatherAsync(initialized, "[1]").HoldsAsync(2.5f);
        await Api.GatherAsync(initialized, "[1]", query: "missing=zeros").HoldsAsync(0);
        await Api.GatherAsync(strict, "[1]", query: "missing=initialize").HoldsAsync(2.5f);

        (await Api.PutAsync(strict, "[0]", Elements.F32(TensorShape.Scalar, 1))).Success();
        var ids = new Dictionary<string, Tensor> { ["ids"] = Tensor.Of(TensorShape.Of(2, 2), 0, 0, 3, 2) };
        foreach (Answer refusal in new[] { await Api.GatherAsync(strict, null, ids), await Api.GatherAsync(zeros, null, ids, "missing=error") })
        {
            Assert.Equal((404, "row_not_found"), (refusal.Status, refusal.Code));
        }

        Answer first = await Api.GatherAsync(strict, null, ids);
        Assert.Equal([1, 0], first["position"].Longs());
        Assert.Equal(3, first["id"].GetInt64());
        Answer bag = await Api.CallAsync(strict, "bag", null, ids, "mode=sum");
        Assert.Equal((404, "row_not_found"), (bag.Status, bag.Code));
        Assert.Equal([1, 0], bag["position"].Longs());
    }

    /// <summary>Accumulating into a row that was never written starts from what it reads as.</summary>
    [Fact]
    public async Task Accumulate_IntoAnUnwrittenRow_StartsFromItsInitialValue()
    {
        string table = await Api.NewAsync("[4, 2]", ", \"initializer\": {\"kind\": \"uniform\", \"low\": -1, \"high\": 1, \"seed\": 7}");
        float[] before = (await Api.GatherAsync(table, "[3]")).Rows().Floats();
        (await Api.PutAsync(table, "[3, 0]", Elements.F32(TensorShape.Scalar, 1), accumulate: true)).Success();
        Assert.Equal([before[0] + 1, before[1]], (await Api.GatherAsync(table, "[3]")).Rows().Floats());
    }

    [Fact]
    public async Task Status_TellsWrittenErasedAndNeverWritten_AndVersionsRise()
    {
        string table = await Api.NewAsync("[4, 2]");
        long first = (await Api.PutAsync(table, "[0]", Elements.F32(TensorShape.Scalar, 1)))["version"].GetInt64();
        long second = (await Api.PutAsync(table, "[1:3]", Elements.F32(TensorShape.Scalar, 1)))["version"].GetInt64();
        long third = (await Api.PutAsync(table, "[0]", Elements.F32(TensorShape.Scalar, 1), accumulate: true))["version"].GetInt64();
        Answer erased = await Api.CallAsync(table, "erase", null, ApiClient.Ids(2));
        Assert.True(first < second && second < third && third < erased["version"].GetInt64());

        Answer answer = await Api.GatherAsync(table, "[:, 1]", query: "status=true");
        Assert.Equal(ElementType.U8, answer.Tensors()["status"].Type);
        Assert.Equal([0, 0, 5, 1], answer.Tensors()["status"].Data.ToArray());
        long[] versions = answer.Tensors()["version"].Integers();
        Assert.Equal(third, versions[0]);
        Assert.Equal(second, versions[1]);
        Assert.True(answer.Version >= erased["version"].GetInt64());
    }

    [Fact]
    public async Task DuplicatesOfAPut_LastWinsAndAccumulateAddsAll()
    {
        string table = await Api.NewAsync("[4, 1]");
        Tensor values = Elements.F32(TensorShape.Of(4, 1), 1, 2, 3, 4);
        (await Api.PutAsync(table, "[ids]", values, ApiClient.Ids(0, 1, 0, 1))).Success();
        await Api.GatherAsync(table, "[:]").HoldsAsync(3, 4, 0, 0);
        (await Api.PutAsync(table, "[ids]", values, ApiClient.Ids(0, 1, 0, -3), accumulate: true)).Success();
        await Api.GatherAsync(table, "[:]").HoldsAsync(7, 10, 0, 0);
    }

    [Fact]
    public async Task Version_OfARead_IsAtLeastThatOfTheWriteBefore()
    {
        string table = await Api.NewAsync("[100, 1]");
        for (int i = 0; i < 20; i++)
        {
            long version = (await Api.PutAsync(table, $"[{i}]", Elements.F32(TensorShape.Scalar, i))).Version;
            Answer read = await Api.SendAsync(HttpMethod.Post, $"/v1/tables/{table}/gather?index=[{i}]", null, null, ("Embedstore-Min-Version", $"{version}"), ("Embedstore-Max-Staleness", "0"));
            Assert.True(read.Version >= version);
            Assert.Equal([i], read.Rows().Floats());
        }
    }
}
