using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace EmbedStore.Tensors.Tests;

public class JsonTensorReaderTests
{
    [Theory]
    [InlineData("[[1,2],[3,4]]", ElementType.I64, "[2, 2]")]
    [InlineData("[[1,2],[3,4.5]]", ElementType.F32, "[2, 2]")]
    [InlineData("[1,1e2]", ElementType.F32, "[2]")]
    [InlineData("[1,\"NaN\",\"Infinity\",\"-Infinity\"]", ElementType.F32, "[4]")]
    [InlineData("[\"\\u004eaN\"]", ElementType.F32, "[1]")]
    [InlineData("[true,false,true]", ElementType.Bool, "[3]")]
    [InlineData("7", ElementType.I64, "[]")]
    [InlineData("-0.5", ElementType.F32, "[]")]
    [InlineData("\"NaN\"", ElementType.F32, "[]")]
    [InlineData("false", ElementType.Bool, "[]")]
    [InlineData("[\"a string\"]", ElementType.Str, "[1]")]
    [InlineData("[[\"nan\"],[\"NaN\"]]", ElementType.Str, "[2, 1]")]
    [InlineData("[\"NaN\",\"b\"]", ElementType.Str, "[2]")]
    [InlineData("\"one\"", ElementType.Str, "[]")]
    [InlineData("{\"data\":[\"NaN\",\"b\"],\"shape\":[2,1],\"dtype\":\"STR\"}", ElementType.Str, "[2, 1]")]
    [InlineData("{\"dtype\":\"STR\",\"shape\":[0,4],\"data\":[]}", ElementType.Str, "[0, 4]")]
    [InlineData("[]", ElementType.I64, "[0]")]
    [InlineData("[[],[]]", ElementType.I64, "[2, 0]")]
    [InlineData("[[[]]]", ElementType.I64, "[1, 1, 0]")]
    [InlineData("[[[[[[[[1]]]]]]]]", ElementType.I64, "[1, 1, 1, 1, 1, 1, 1, 1]")]
    [InlineData(" [ [ 1 ] ,\n[ 2 ] ] ", ElementType.I64, "[2, 1]")]
    [InlineData("{\"data\":[1,2],\"shape\":[2,1],\"dtype\":\"F16\"}", ElementType.F16, "[2, 1]")]
    [InlineData("{\"dtype\":\"U8\",\"shape\":[],\"data\":[255]}", ElementType.U8, "[]")]
    [InlineData("{\"dtype\":\"BF16\",\"shape\":[3,0],\"data\":[]}", ElementType.BF16, "[3, 0]")]
    public void Read_LegalTensors_HaveTheirTypeAndShape(string json, ElementType type, string shape)
    {
        Tensor tensor = ReadOne(json);

        Assert.Equal((type, shape), (tensor.Type, tensor.Shape.ToString()));
    }

    [Theory]
    [InlineData("[\"plain\",\"Z\\u00fcrich\",\"\\ud83d\\ude00\",\"\\\"\\\\\\/\\n\",\"\",\"\\u0000\"]", "plain|Zürich|😀|\"\\/\n||\0")]
    [InlineData("[[\"a\",\"b\"],[\"c\",\"d\"]]", "a|b|c|d")]
    [InlineData("[\"NaN\",\"Infinity\"]", "NaN|Infinity")]
    [InlineData("\"NaN\"", "NaN")]
    [InlineData("[]", "")]
    [InlineData("[1,\"NaN\"]", null)]
    [InlineData("[1]", null)]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[1],\"data\":[\"NaN\"]}", null)]
    public void Read_Strings_AreKeysOfTheirBytes(string json, string? keys)
    {
        RowKeys? read = ReadOne(json).Keys;

        Assert.Equal(keys, read is null ? null : string.Join('|', Enumerable.Range(0, read.Count).Select(read.TextOf)));
    }

    [Fact]
    public void Read_KeysThatWereWritten_AreTheSame()
    {
        string[] keys = ["a", "\"quoted\" \\ / \n", "Zürich", "😀", "NaN"];
        var body = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new System.Text.Json.Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            JsonTensorWriter.WriteTensors(json, [new("t", Tensor.Of(TensorShape.Of(1, 5), RowKeys.Of(keys)))]);
            json.WriteEndObject();
        }

        Tensor read = JsonTensorReader.Read(body.WrittenMemory).Tensors["t"];

        Assert.Equal((ElementType.Str, "[1, 5]"), (read.Type, read.Shape.ToString()));
        Assert.Equal(keys, Enumerable.Range(0, 5).Select(read.Keys!.TextOf));
    }

    [Fact]
    public void Read_NestedList_IsRowMajor() =>
        Assert.Equal([1, 2, 3, 4, 5, 6], MemoryMarshal.Cast<byte, long>(ReadOne("[[1,2,3],[4,5,6]]").Data.Span).ToArray());

    [Fact]
    public void Read_MinusZeroAmongFractions_KeepsItsSign() =>
        Assert.Equal([float.NegativeZero, 1.5f], MemoryMarshal.Cast<byte, float>(ReadOne("[-0,1.5]").Data.Span).ToArray());

    [Theory]
    [InlineData("[1,[2]]", 3, "ragged")]
    [InlineData("[[1],2]", 5, "ragged")]
    [InlineData("[[1,2],[3]]", 9, "ragged: a list of 1 stands where 2 are expected")]
    [InlineData("[[1],[]]", 6, "ragged")]
    [InlineData("[[],[1]]", 6, "ragged")]
    [InlineData("[[],[[]]]", 5, "ragged")]
    [InlineData("[[[]],[]]", 7, "ragged")]
    [InlineData("[true,1]", 6, "mixes booleans and numbers")]
    [InlineData("[1,true]", 3, "mixes booleans and numbers")]
    [InlineData("[\"NaN\",true]", 7, "mixes booleans and numbers")]
    [InlineData("[[[[[[[[[1]]]]]]]]]", 8, "nested more than 8 deep")]
    [InlineData("[1,null]", 3, "has a Null")]
    [InlineData("null", 0, "has a Null")]
    [InlineData("[{}]", 1, "has a StartObject")]
    [InlineData("[0.5,\"nan\"]", 5, "the strings NaN, Infinity, -Infinity. Here is the string \"nan\"")]
    [InlineData("[1,\"a string\"]", 3, "mixes strings and numbers")]
    [InlineData("[\"a string\",1]", 12, "Here is the number 1")]
    [InlineData("[\"NaN\",1,\"a\"]", 9, "mixes strings and numbers")]
    [InlineData("[true,\"a\"]", 6, "mixes booleans and strings")]
    [InlineData("[[\"a\"],\"b\"]", 7, "ragged")]
    [InlineData("[\"a\\udc00\"]", 1, "half a surrogate pair")]
    [InlineData("{\"dtype\":\"STR\",\"shape\":[1],\"data\":[1]}", 35, "Element 0 of tensor 't' is 1, which STR does not hold")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[1],\"data\":[\"a\"]}", 35, "is a, which F32 does not hold")]
    [InlineData("[9223372036854775808]", 1, "Element 0 of tensor 't' is 9223372036854775808, which I64 does not hold")]
    [InlineData("[0.5,1e39]", 5, "which F32 does not hold")]
    [InlineData("[NaN]", 1, "not valid")]
    [InlineData("[01]", 2, "not valid")]
    [InlineData("[1,]", 3, "not valid")]
    [InlineData("[+1]", 1, "not valid")]
    [InlineData("[.5]", 1, "not valid")]
    [InlineData("[1", 2, "not valid")]
    [InlineData("[\"\\ud800\"]", 1, "half a surrogate pair")]
    [InlineData("{}", 0, "must have dtype, shape and data")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[2],\"data\":[1]}", 34, "takes 2 elements; data has 1")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[1000000000000],\"data\":[1]}", 46, "takes 1000000000000 elements; data has 1")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data\":[1]}", 0, "more than 9223372036854775807 elements")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[1],\"data\":[[1]]}", 34, "must be one flat list; it is nested 2 deep")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[],\"data\":1}", 33, "must be a list; found a number")]
    [InlineData("{\"dtype\":\"U16\",\"shape\":[1],\"data\":[1]}", 9, "is 'U16'; supported are F32")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data\":[1]}", 40, "more than 8 numbers")]
    [InlineData("{\"dtype\":\"F32\",\"dtype\":\"F32\"}", 15, "'dtype' stands twice")]
    [InlineData("{\"values\":1}", 1, "has the key 'values'")]
    [InlineData("{\"dtype\":\"U8\",\"shape\":[2],\"data\":[0,256]}", 36, "is 256, which U8 does not hold")]
    [InlineData("{\"dtype\":\"U8\",\"shape\":[1],\"data\":[-1]}", 34, "is -1, which U8 does not hold")]
    [InlineData("{\"dtype\":\"I8\",\"shape\":[1],\"data\":[128]}", 34, "is 128, which I8 does not hold")]
    [InlineData("{\"dtype\":\"I16\",\"shape\":[1],\"data\":[-32769]}", 35, "which I16 does not hold")]
    [InlineData("{\"dtype\":\"I32\",\"shape\":[1],\"data\":[2147483648]}", 35, "which I32 does not hold")]
    [InlineData("{\"dtype\":\"I64\",\"shape\":[1],\"data\":[1.0]}", 35, "is 1.0, which I64 does not hold")]
    [InlineData("{\"dtype\":\"I64\",\"shape\":[1],\"data\":[\"NaN\"]}", 35, "is NaN, which I64 does not hold")]
    [InlineData("{\"dtype\":\"BOOL\",\"shape\":[1],\"data\":[1]}", 36, "is 1, which BOOL does not hold")]
    [InlineData("{\"dtype\":\"F32\",\"shape\":[1],\"data\":[true]}", 35, "is true, which F32 does not hold")]
    [InlineData("{\"dtype\":\"F16\",\"shape\":[1],\"data\":[65520]}", 35, "is 65520, which F16 does not hold")]
    [InlineData("{\"dtype\":\"BF16\",\"shape\":[1],\"data\":[3.4e38]}", 36, "is 3.4e38, which BF16 does not hold")]
    [InlineData("{\"dtype\":\"F64\",\"shape\":[1],\"data\":[1e309]}", 35, "is 1e309, which F64 does not hold")]
    [InlineData("{\"dtype\":\"F64\",\"shape\":[1],\"data\":[1e99999999999]}", 35, "which F64 does not hold")]
    public void Read_TensorThatIsNone_IsRefusedWithItsOffset(string json, int offset, string words)
    {
        const string Before = "{\"tensors\":{\"t\":";

        Refuse(Before + json + "}}", Before.Length + offset, words);
    }

    [Theory]
    [InlineData("", 0, "not valid")]
    [InlineData("[]", 0, "The body must be an object; found a list")]
    [InlineData("{} x", 3, "not valid")]
    [InlineData("{}{}", 2, "not valid")]
    [InlineData("{\"tensors\":[]}", 11, "'tensors' must be an object; found a list")]
    [InlineData("{\"tensors\":null}", 11, "found null")]
    [InlineData("{\"tensors\":{},\"tensors\":{}}", 14, "'tensors' stands twice")]
    [InlineData("{\"tensors\":{\"a\":1,\"\\u0061\":1}}", 18, "'a' stands twice")]
    [InlineData("{\"a\":1,\"a\":1}", 7, "'a' stands twice")]
    [InlineData("{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}", 18, "'c' stands twice")]
    [InlineData("{\"a\":\"\\ud800\"}", 5, "half a surrogate pair")]
    [InlineData("{\"a\":[\"\\udc00\"]}", 6, "half a surrogate pair")]
    [InlineData("{\"a\":", 5, "not valid")]
    [InlineData("{\"a\":1", 6, "not valid")]
    [InlineData("{\"a\":1,}", 7, "not valid")]
    [InlineData("{\"a\"://x\n1}", 5, "not valid")]
    [InlineData("\uFEFF{}", 0, "not valid")]
    public void Read_BodyThatIsNoMessage_IsRefusedWithItsOffset(string json, int offset, string words) => Refuse(json, offset, words);

    [Fact]
    public void Read_DeepOrForeignText_IsRefused()
    {
        Refuse("{\"a\":" + new string('[', 100_000), 5 + 31, "not valid");
        Refusal.Check(() => JsonTensorReader.Read(new byte[] { 0xFF, 0xFE, (byte)'{', 0, (byte)'}', 0 }), 0, "not UTF-8");
        Refusal.Check(() => JsonTensorReader.Read(new byte[] { (byte)'{', (byte)'"', 0xC0, 0x80, (byte)'"' }), 2, "not UTF-8");
    }

    [Fact]
    public void Read_NumberOfThousandsOfDigits_IsRefused() =>
        Refuse($"{{\"tensors\":{{\"t\":[1.{new string('0', 1199)}]}}}}", 17, "has 1201 digits; at most 1200");

    [Fact]
    public void Read_NamesAndCountsAboveTheirLimits_IsRefused()
    {
        Refuse($"{{\"tensors\":{{\"{new string('n', 257)}\":1}}}}", 12, "has 257 bytes; at most 256");
        string many = "{\"tensors\":{" + string.Join(",", Enumerable.Range(0, 1025).Select(i => $"\"{i}\":1")) + "}}";
        Refuse(many, many.IndexOf("\"1024\"", StringComparison.Ordinal), "at most 1024");
    }

    [Fact]
    public void Read_FieldsBesideTensors_AreKeptAsTheyAre()
    {
        JsonMessage message = JsonTensorReader.Read("""{"index":"[ids]","deep":{"a":[1,{"b":null}]},"tensors":{"ids":[1]},"n":2.5}"""u8.ToArray());

        Assert.Equal(["index", "deep", "n"], message.Fields.Keys);
        Assert.Equal("[ids]", message.Fields["index"].GetString());
        Assert.Equal("""{"a":[1,{"b":null}]}""", message.Fields["deep"].GetRawText());
        Assert.Equal(2.5, message.Fields["n"].GetDouble());
        Assert.Single(message.Tensors);
    }

    /// <summary>Texts at, and beside, the ties between neighbours: where a way over a wider type rounds twice.</summary>
    [Theory]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F16)]
    public void Read_TextsBesideTies_RoundsOnce(ElementType type)
    {
        var random = new Random(21);
        int last = type == ElementType.BF16 ? 0x7F7F : 0x7BFF;
        for (int round = 0; round < 500; round++)
        {
            int low = round < 3 ? round : random.Next(last);
            decimal? exact = Middle(type, low);
            string tie = exact?.ToString(CultureInfo.InvariantCulture) ?? ((Value(type, low) + Value(type, low + 1)) / 2).ToString("E150", CultureInfo.InvariantCulture);

            Assert.Equal(low + (low & 1), ReadBits(type, tie));
            Assert.Equal(low + 1, ReadBits(type, Nudge(tie)));
            Assert.Equal(0x8000 | (low + 1), ReadBits(type, "-" + Nudge(tie)));
        }
    }

    [Theory]
    [InlineData("1.00390624999999999999999999999", 0x3F80)]
    [InlineData("1.00390625", 0x3F80)]
    [InlineData("1.00390625000000000000000000001", 0x3F81)]
    [InlineData("100390625000000000000000000001e-29", 0x3F81)]
    [InlineData("1.01171874999999999999999999999", 0x3F81)]
    [InlineData("1.01171875", 0x3F82)]
    [InlineData("257.0000000000000000000000000001", 0x4381)]
    [InlineData("-2.57e2", 0xC380)]
    public void Read_BrainFloatBesideATie_RoundsOnce(string text, int bits) => Assert.Equal(bits, ReadBits(ElementType.BF16, text));

    [Fact]
    public void Read_MutatedBodies_GivesAMessageOrARefusal() => Refusal.CheckMutations(
        """{"tensors":{"ids":[[1,-2],[3,4]],"w":{"dtype":"BF16","shape":[2,1],"data":[0.5,"NaN"]},"m":[true],"k":["a","\u00e4"],"s":{"dtype":"STR","shape":[1],"data":["b"]}},"index":"[ids]","o":{"a":[1e5]}}"""u8.ToArray(),
        bytes => JsonTensorReader.Read(bytes),
        seed: 13);

    internal static Tensor ReadOne(string json) => JsonTensorReader.Read(Encoding.UTF8.GetBytes("{\"tensors\":{\"t\":" + json + "}}")).Tensors["t"];

    private static decimal? Middle(ElementType type, int low) => type == ElementType.F16 && low > 0x3000 ? ((decimal)Value(type, low) + (decimal)Value(type, low + 1)) / 2 : null;

    private static double Value(ElementType type, int bits) =>
        type == ElementType.BF16 ? BitConverter.Int32BitsToSingle(bits << 16) : (double)BitConverter.Int16BitsToHalf((short)bits);

    // A little more, far behind the digits that any binary64 keeps.
    private static string Nudge(string text)
    {
        int mark = text.IndexOf('E', StringComparison.Ordinal);
        (string digits, string exponent) = mark < 0 ? (text, "") : (text[..mark], text[mark..]);
        return digits + (digits.Contains('.', StringComparison.Ordinal) ? "" : ".") + new string('0', 40) + "1" + exponent;
    }

    private static int ReadBits(ElementType type, string text) =>
        BitConverter.ToUInt16(ReadOne($"{{\"dtype\":\"{type.WireName()}\",\"shape\":[],\"data\":[{text}]}}").Data.Span);

    private static void Refuse(string json, long offset, string words) => Refusal.Check(() => JsonTensorReader.Read(Encoding.UTF8.GetBytes(json)), offset, words);
}
