using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace EmbedStore.Tensors.Tests;

public class NpyTests
{
    private const string GoldenText = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

    /// <summary>As NumPy writes float32 arange(6) of shape (2, 3): 152 bytes.</summary>
    private static readonly byte[] Golden = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 0x76, 0, .. Encoding.ASCII.GetBytes(GoldenText.PadRight(117) + "\n"), .. Floats(0, 1, 2, 3, 4, 5)];

    [Fact]
    public void Read_GoldenFile_GivesAViewOverTheBody()
    {
        Assert.Equal(152, Golden.Length);

        Tensor tensor = NpyReader.Read(Golden);

        Assert.Equal((ElementType.F32, "[2, 3]"), (tensor.Type, tensor.Shape.ToString()));
        Assert.Equal(Floats(0, 1, 2, 3, 4, 5), tensor.Data.ToArray());
        Assert.True(MemoryMarshal.TryGetArray(tensor.Data, out ArraySegment<byte> segment) && ReferenceEquals(segment.Array, Golden));
    }

    [Fact]
    public void Write_GoldenTensor_GivesTheGoldenFileBitForBit() => Assert.Equal(Golden[..128], NpyHeader.Write(ElementType.F32, TensorShape.Of(2, 3)));

    [Fact]
    public void Write_EveryTypeAndRank_ReadsBackTheSame()
    {
        foreach (ElementType type in ElementSamples.Types)
        {
            for (int rank = 0; rank <= TensorShape.RankMax; rank++)
            {
                var shape = TensorShape.Of([.. Enumerable.Repeat(2L, rank)]);
                var tensor = new Tensor(type, shape, ElementSamples.Draw(type, 1 << rank, new Random(rank)));
                byte[] header = NpyHeader.Write(type, shape);

                Assert.Equal(0, header.Length % 64);
                SafetensorsWriterTests.AssertSame(tensor, NpyReader.Read(new byte[][] { header, tensor.Data.ToArray() }.SelectMany(part => part).ToArray()));
            }
        }
    }

    /// <summary>Fixed-width strings, filled up with zeros at the end, in both orders.</summary>
    [Theory]
    [InlineData("|S3", false, "a\0\0bc\0def\0\0\0", "a bc def ")]
    [InlineData("|S3", true, "a\0\0bc\0def\0\0\0", "a def bc ")]
    [InlineData("|S2", false, "\u00fcabb\0c\0", "\u00fc ab b c")]
    public void Read_Strings_GivesKeys(string description, bool isFortranOrder, string data, string keys)
    {
        string text = $"{{'descr': '{description}', 'fortran_order': {isFortranOrder}, 'shape': (2, 2), }}";

        Tensor tensor = NpyReader.Read((byte[])[.. Golden[..8], 0x76, 0, .. Encoding.ASCII.GetBytes(text.PadRight(117) + "\n"), .. Encoding.UTF8.GetBytes(data)]);

        Assert.Equal((ElementType.Str, "[2, 2]"), (tensor.Type, tensor.Shape.ToString()));
        Assert.Equal(keys, string.Join(' ', Enumerable.Range(0, 4).Select(tensor.Keys!.TextOf)));
    }

    [Theory]
    [InlineData("|S")]
    [InlineData("|S0")]
    [InlineData("|S05")]
    [InlineData("|S+5")]
    [InlineData("|S65537")]
    [InlineData("|S99999999999")]
    [InlineData("<S5")]
    [InlineData("<U5")]
    public void Read_OtherStrings_AreRefused(string description)
    {
        string text = $"{{'descr': '{description}', 'fortran_order': False, 'shape': (9,), }}";

        Refusal.Check(() => NpyReader.Read((byte[])[.. Golden[..8], 0x76, 0, .. Encoding.ASCII.GetBytes(text.PadRight(117) + "\n")]), 20, $"'{description}' is not supported");
    }

    [Fact]
    public void TryParse_EveryPrefix_AsksForMoreUntilTheHeaderIsThere()
    {
        int known = 0;
        for (int length = 0; length < 128; length++)
        {
            Assert.False(NpyHeader.TryParse(Golden.AsSpan(0, length), out _, out int needed));
            Assert.InRange(needed, Math.Max(known, length + 1), 128);
            known = needed;
        }

        Assert.True(NpyHeader.TryParse(Golden.AsSpan(0, 128), out NpyHeader? header, out _));
        Assert.Equal((128, 24L, false, false), (header.DataOffset, header.DataByteCount, header.IsBigEndian, header.IsFortranOrder));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_LaterVersions_HaveFourBytesOfLength(byte major)
    {
        byte[] body = File(GoldenText.PadRight(115) + "\n", Floats(0, 1, 2, 3, 4, 5), major);

        Assert.Equal(0x74, body[8]);
        Assert.Equal("[2, 3]", NpyReader.Read(body).Shape.ToString());
    }

    [Theory]
    [InlineData("{'descr': '<i8', 'fortran_order': False, 'shape': ()}", 8)]
    [InlineData("{\"shape\":(2,3,),\"descr\":\"|i1\",\"fortran_order\":True,}", 6)]
    [InlineData("{ 'descr' : '|b1' , 'fortran_order' : False , 'shape' : ( 3 , ) , }  \n", 3)]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (3L, 2L), }\n", 6)]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 7)}", 0)]
    [InlineData("{'descr': '>f8', 'fortran_order': True, 'shape': (5, 0, 7)}", 0)]
    [InlineData("{'descr': '|V2', 'fortran_order': False, 'shape': (1,)}", 2)]
    public void Read_LegalOddities_IsAccepted(string text, int dataLength) => Assert.Equal(dataLength, NpyReader.Read(File(text, new byte[dataLength])).Data.Length);

    [Theory]
    [InlineData("'shape': (2)", "must be a tuple: (2,) and not (2)")]
    [InlineData("'shape': [2]", "must have ( here")]
    [InlineData("'shape': 2", "must have ( here")]
    [InlineData("'shape': (-2,)", "must be an integer in [0,")]
    [InlineData("'shape': (True,)", "must be an integer in [0,")]
    [InlineData("'shape': (2.0,)", "must be a tuple of integers")]
    [InlineData("'shape': (0x2,)", "must be a tuple of integers")]
    [InlineData("'shape': (02,)", "must be an integer in [0,")]
    [InlineData("'shape': (+2,)", "must be an integer in [0,")]
    [InlineData("'shape': (,)", "must be an integer in [0,")]
    [InlineData("'shape': (2 3)", "must be a tuple of integers")]
    [InlineData("'shape': (2,,3)", "must be an integer in [0,")]
    [InlineData("'shape': (2,", "must be an integer in [0,")]
    [InlineData("'shape': (9223372036854775808,)", "must be an integer in [0,")]
    [InlineData("'shape': (4294967296, 4294967296)", "has more than 9223372036854775807 elements")]
    [InlineData("'shape': (0, 4294967296, 4294967296)", "has more than 9223372036854775807 elements")]
    [InlineData("'shape': (9223372036854775807,)", "more than a file can have")]
    [InlineData("'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)", "at most 8 are allowed")]
    public void Read_ShapeThatIsNone_IsRefused(string shape, string words) => RefuseText($"{{'descr': '<f4', 'fortran_order': False, {shape}}}", words);

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "fortran_order must be True or False; found \"0,")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'extra': 1}", "has the key 'extra'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "must have the keys descr, fortran_order and shape")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "once each")]
    [InlineData("{'descr': '<f4', 'shape': (2,), 'fortran_order': False, 'shape': (2,)}", "once each")]
    [InlineData("{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}", "must have a comma")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", "must have a comma")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "must end behind its dictionary; found \"x\"")]
    [InlineData("{'descr", "no end")]
    [InlineData("{'de\\x73cr': '<f4'}", "an escape")]
    [InlineData("{descr: '<f4'}", "must have a string as key")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "must have a string as descr")]
    [InlineData("", "must have { here; found the end")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)\u00e9}", "only ASCII")]
    public void Read_DictionaryThatIsWrong_IsRefused(string text, string words) => RefuseText(text, words);

    [Theory]
    [InlineData("|O")]
    [InlineData("=f4")]
    [InlineData("float32")]
    [InlineData("f4")]
    [InlineData("<u2")]
    [InlineData("<u4")]
    [InlineData(">u8")]
    [InlineData("<c8")]
    [InlineData(">S3")]
    [InlineData("<U3")]
    [InlineData("<M8[ns]")]
    [InlineData("<i1")]
    [InlineData("|V4")]
    [InlineData("|f4")]
    public void Read_DescriptionThatIsNotCanonicalOrNotStored_IsRefused(string description) => Refusal.Check(
        () => NpyReader.Read(File($"{{'descr': '{description}', 'fortran_order': False, 'shape': (2,)}}", [])),
        20,
        $"The npy descr '{description}' is not supported; supported are |b1, |i1, |u1, <i2");

    [Fact]
    public void Read_WrongMagicOrVersion_IsRefused()
    {
        Refusal.Check(() => NpyReader.Read("PK"u8.ToArray()), 0, "must begin with 93");
        Refusal.Check(() => NpyReader.Read(new byte[] { 0x93, 0x4E, 0x4E }), 2, "must begin with 93");
        Refusal.Check(() => NpyReader.Read(new byte[] { 0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 4, 0, 1, 0 }), 6, "version is 4.0; supported are 1.0, 2.0 and 3.0");
        Refusal.Check(() => NpyReader.Read(new byte[] { 0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 1, 1, 0 }), 6, "version is 1.1");
    }

    [Fact]
    public void Read_HeaderBeyondTheFileOrItsLimit_IsRefused()
    {
        Refusal.Check(() => NpyReader.Read(Golden.AsMemory(0, 100)), 100, "needs 128 bytes; the body has 100");
        Refusal.Check(() => NpyReader.Read(Golden.AsMemory(0, 5)), 5, "needs 8 bytes; the body has 5");
        Refusal.Check(() => NpyReader.Read(File(GoldenText.PadRight(10_001), Floats(0, 1, 2, 3, 4, 5))), 8, "claims 10001 bytes; at most 10000");
        Assert.Equal("[2, 3]", NpyReader.Read(File(GoldenText.PadRight(10_000), Floats(0, 1, 2, 3, 4, 5))).Shape.ToString());
    }

    [Fact]
    public void Read_DataOfAnotherLength_IsRefused()
    {
        Refusal.Check(() => NpyReader.Read(Golden.AsMemory(0, 151)), 151, "takes 24 bytes; the body has 23");
        Refusal.Check(() => NpyReader.Read(new byte[][] { Golden, [0] }.SelectMany(part => part).ToArray()), 152, "takes 24 bytes; the body has 25");
    }

    [Fact]
    public void Read_LongSuffixInVersionThree_IsRefused() =>
        Refusal.Check(() => NpyReader.Read(File("{'descr': '|u1', 'fortran_order': False, 'shape': (3L,)}", new byte[3], major: 3)), 64, "must be a tuple of integers");

    /// <summary>NumPy stores int64 arange(6) of shape (2, 3) in Fortran order as 0, 3, 1, 4, 2, 5.</summary>
    [Fact]
    public void Read_FortranOrder_MeansWhatNumPyMeans()
    {
        byte[] data = MemoryMarshal.AsBytes<long>([0, 3, 1, 4, 2, 5]).ToArray();

        Tensor tensor = NpyReader.Read(File("{'descr': '<i8', 'fortran_order': True, 'shape': (2, 3)}", data));

        Assert.Equal([0, 1, 2, 3, 4, 5], MemoryMarshal.Cast<byte, long>(tensor.Data.Span).ToArray());
    }

    [Theory]
    [InlineData("|u1", 1)]
    [InlineData("<i2", 2)]
    [InlineData(">i2", 2)]
    [InlineData("<f2", 2)]
    [InlineData(">f2", 2)]
    [InlineData("<i4", 4)]
    [InlineData(">i4", 4)]
    [InlineData(">f4", 4)]
    [InlineData(">f8", 8)]
    [InlineData(">i8", 8)]
    public void Read_AnyOrderOfBytesAndDimensions_PutsEveryElementInItsPlace(string description, int size)
    {
        long[] sizes = [3, 1, 4, 2];
        var shape = TensorShape.Of(sizes);
        byte[] expected = new byte[shape.ElementCount * size];
        new Random(9).NextBytes(expected);

        byte[] Store(bool fortran)
        {
            byte[] stored = new byte[expected.Length];
            for (int position = 0; position < shape.ElementCount; position++)
            {
                long[] at = shape.CoordinatesOf(position);
                long place = fortran ? at[0] + (3 * (at[1] + (1 * (at[2] + (4 * at[3]))))) : position;
                byte[] element = expected[(position * size)..((position + 1) * size)];
                (description[0] == '>' ? element.Reverse().ToArray() : element).CopyTo(stored, place * size);
            }

            return stored;
        }

        Assert.Equal(expected, NpyReader.Read(File($"{{'descr': '{description}', 'fortran_order': True, 'shape': (3, 1, 4, 2)}}", Store(true))).Data.ToArray());
        Assert.Equal(expected, NpyReader.Read(File($"{{'descr': '{description}', 'fortran_order': False, 'shape': (3, 1, 4, 2)}}", Store(false))).Data.ToArray());
    }

    [Fact]
    public void Read_MutatedFiles_GivesATensorOrARefusal() => Refusal.CheckMutations(Golden, bytes => NpyReader.Read(bytes), seed: 12);

    private static byte[] Floats(params float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    private static byte[] File(string text, byte[] data, byte major = 1)
    {
        byte[] length = new byte[major == 1 ? 2 : 4];
        if (major == 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        }

        return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, major, 0, .. length, .. Encoding.Latin1.GetBytes(text), .. data];
    }

    private static void RefuseText(string text, string words)
    {
        var error = Assert.Throws<EmbedStoreException>(() => NpyReader.Read(File(text, new byte[8])));

        Assert.Equal(ErrorCode.MalformedBody, error.Code);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.InRange((int)(long)error["offset"]!, 10, 10 + text.Length);
    }
}
