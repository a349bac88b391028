using EmbedStore.Tensors;

namespace EmbedStore.Serving.Tests.Catalog;

public class TableSpecJsonTests
{
    [Fact]
    public void Read_ShapeOnly_FillsInTheDefaultsOfTheApi()
    {
        TableSpec spec = TestTables.Spec("""{"shape": [10, 4], "ttl": null}""");

        Assert.Equal((ElementType.F32, 2, MissingPolicy.Zeros, Shards.Durability.Commit), (spec.Type, spec.ShardCount, spec.Missing, spec.Durability));
        Assert.Null(spec.Initializer);
        Assert.Null(spec.Optimizer);
    }

    [Theory]
    [InlineData("""{"shape": [7]}""")]
    [InlineData("""{"shape": ["*", 64], "shards": 1024, "missing": "error", "durability": "interval"}""")]
    [InlineData("""{"shape": [2, 3, 4], "dtype": "I8", "scale": "row", "durability": "none"}""")]
    [InlineData("""{"shape": [9, 4], "initializer": {"kind": "uniform", "low": -0.05, "high": 0.05, "seed": -7}, "missing": "zeros"}""")]
    [InlineData("""{"shape": [9, 4], "optimizer": {"kind": "adam", "lr": 0.5}}""")]
    [InlineData("""{"shape": [9, 4], "ttl": 0.25}""")]
    [InlineData("""{"shape": ["*", 4], "ttl": 3600, "admission": {"min_count": 3}, "capacity": {"rows": 1000000, "evict": "lfu"}}""")]
    [InlineData("""{"shape": ["*"], "capacity": {"rows": 1}}""")]
    public void Write_ThenRead_GivesAnEqualSpec(string json)
    {
        TableSpec spec = TestTables.Spec(json);

        Assert.Equal(spec, TestTables.Spec(TableSpecJson.Write(spec).ToJsonString()));
    }

    [Theory]
    [InlineData("""{"dtype": "F32"}""", "shape")]
    [InlineData("""{"shape": []}""", "shape")]
    [InlineData("""{"shape": [1,1,1,1,1,1,1,1,1]}""", "shape")]
    [InlineData("""{"shape": [0, 4]}""", "shape")]
    [InlineData("""{"shape": [1.5]}""", "shape")]
    [InlineData("""{"shape": [4, "*"]}""", "shape")]
    [InlineData("""{"shape": ["*", 2, 4]}""", "shape")]
    [InlineData("""{"shape": [4611686018427387904, 4]}""", "shape")]
    [InlineData("""{"shape": [1, 65537]}""", "shape")]
    [InlineData("""{"shape": [4], "dtype": "I16"}""", "dtype")]
    [InlineData("""{"shape": [4], "dtype": 1}""", "dtype")]
    [InlineData("""{"shape": [4], "dtype": "I8"}""", "scale")]
    [InlineData("""{"shape": [4], "scale": "row"}""", "scale")]
    [InlineData("""{"shape": [4], "key": "string"}""", "key")]
    [InlineData("""{"shape": ["*", 4], "key": "uuid"}""", "key")]
    [InlineData("""{"shape": ["*", 4], "key": "string", "initializer": {"kind": "identity"}}""", "initializer")]
    [InlineData("""{"shape": [4], "shards": 0}""", "shards")]
    [InlineData("""{"shape": [4], "shards": 1025}""", "shards")]
    [InlineData("""{"shape": [4], "missing": "Zeros"}""", "missing")]
    [InlineData("""{"shape": [4], "durability": "fsync"}""", "durability")]
    [InlineData("""{"shape": [4], "ttl": 0}""", "ttl")]
    [InlineData("""{"shape": [4], "ttl": -1}""", "ttl")]
    [InlineData("""{"shape": [4], "ttl": "1"}""", "ttl")]
    [InlineData("""{"shape": [4], "ttl": 3153600000.5}""", "ttl")]
    [InlineData("""{"shape": [4], "admission": {"min_count": 2}}""", "admission")]
    [InlineData("""{"shape": ["*", 4], "admission": 2}""", "admission")]
    [InlineData("""{"shape": ["*", 4], "admission": {}}""", "admission.min_count")]
    [InlineData("""{"shape": ["*", 4], "admission": {"min_count": 0}}""", "admission.min_count")]
    [InlineData("""{"shape": ["*", 4], "admission": {"min_count": 65536}}""", "admission.min_count")]
    [InlineData("""{"shape": ["*", 4], "admission": {"min_count": 1.5}}""", "admission.min_count")]
    [InlineData("""{"shape": [4], "capacity": {"rows": 2}}""", "capacity")]
    [InlineData("""{"shape": ["*", 4], "capacity": 5}""", "capacity")]
    [InlineData("""{"shape": ["*", 4], "capacity": {"evict": "lru"}}""", "capacity.rows")]
    [InlineData("""{"shape": ["*", 4], "capacity": {"rows": 0}}""", "capacity.rows")]
    [InlineData("""{"shape": ["*", 4], "capacity": {"rows": 9, "evict": "fifo"}}""", "capacity.evict")]
    [InlineData("""{"shape": [4], "initializer": "zeros"}""", "initializer")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "other"}}""", "initializer.kind")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "constant", "value": "1"}}""", "initializer.value")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "constant", "value": 1e999}}""", "initializer.value")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "uniform", "low": 2}}""", "initializer")]
    [InlineData("""{"shape": [4], "optimizer": {"kind": "sgd", "lr": null}, "dtype": "I32"}""", "optimizer")]
    public void Read_BadField_IsRefusedByItsPath(string json, string parameter) => RequireRefusal(json, ErrorCode.InvalidParameter, parameter);

    [Theory]
    [InlineData("""{"shape": [4], "colour": 1}""", ErrorCode.UnknownParameter, "colour")]
    [InlineData("""{"shape": [4], "initializer": {"kind": "zeros", "seed": 1}}""", ErrorCode.UnknownParameter, "initializer.seed")]
    [InlineData("""{"shape": ["*", 4], "admission": {"min_count": 2, "max": 1}}""", ErrorCode.UnknownParameter, "admission.max")]
    [InlineData("""{"shape": ["*", 4], "capacity": {"rows": 2, "foo": 1}}""", ErrorCode.UnknownParameter, "capacity.foo")]
    [InlineData("""{"shape": [4], "optimizer": {"kind": "sgd", "beta1": 1}}""", ErrorCode.UnknownParameter, "optimizer.beta1")]
    [InlineData("""{"shape": [4], "optimizer": {"kind": "sgd", "lr": 1, "lr": 2}}""", ErrorCode.ConflictingParameters, "optimizer.lr")]
    public void Read_UnknownOrRepeatedField_IsNamed(string json, ErrorCode code, string parameter) => RequireRefusal(json, code, parameter);

    [Fact]
    public void Differences_OtherFields_AreNamedInOrder() => Assert.Equal(
        ["shape", "dtype", "initializer"],
        TableSpecJson.Differences(TestTables.Spec("""{"shape": [4]}"""), TestTables.Spec("""{"initializer": {"kind": "zeros"}, "missing": "zeros", "dtype": "F64", "shape": [5]}""")));

    [Fact]
    public void Differences_OtherVocabulary_IsNamed() => Assert.Equal(
        ["ttl", "admission", "capacity"],
        TableSpecJson.Differences(
            TestTables.Spec("""{"shape": ["*", 4], "ttl": 5, "admission": {"min_count": 2}, "capacity": {"rows": 2}}"""),
            TestTables.Spec("""{"shape": ["*", 4], "ttl": 6, "capacity": {"rows": 2, "evict": "lfu"}}""")));

    private static void RequireRefusal(string json, ErrorCode code, string parameter)
    {
        var error = Assert.Throws<EmbedStoreException>(() => TestTables.Spec(json));

        Assert.Equal((code, parameter), (error.Code, error["parameter"]));
    }
}
