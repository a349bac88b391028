using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EmbedStore.Testing;

namespace EmbedStore.Shards.Tests.Rows;

public sealed class ScaledRowTests
{
    /// <summary>Vector paths fail at their edges, so every width up to some vectors is tried.</summary>
    [Fact]
    public void Decode_AnyWidth_IsScaleTimesElement()
    {
        var random = new Random(TestSeed.Current);
        for (int width = 1; width <= 200; width++)
        {
            byte[] data = new byte[sizeof(float) + width];
            random.NextBytes(data);
            float scale = random.NextSingle() * 3;
            BinaryPrimitives.WriteSingleLittleEndian(data, scale);
            float[] values = new float[width];

            ScaledRow.Decode(data, values);

            Assert.Equal(MemoryMarshal.Cast<byte, sbyte>(data.AsSpan(sizeof(float))).ToArray().Select(element => scale * element), values);
        }
    }
}
