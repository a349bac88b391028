using System.Text;

namespace EmbedStore.Tensors.Tests;

/// <summary>What a reader's refusal must be: malformed_body at a known byte, in words that name the fault.</summary>
internal static class Refusal
{
    private static readonly byte[] Syntax = Encoding.ASCII.GetBytes("\"'{}[](),:0189-.eE\\u \nTtFfNnIL<>|");

    public static void Check(Action read, long offset, string words)
    {
        var error = Assert.Throws<EmbedStoreException>(read);

        Assert.Equal(ErrorCode.MalformedBody, error.Code);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.True(Equals(offset, error["offset"]), $"offset {error["offset"]} instead of {offset}: {error.Message}");
    }

    /// <summary>Whatever the bytes are, a reader gives a value or refuses; it never fails in another way.</summary>
    public static void CheckMutations(byte[] golden, Action<byte[]> read, int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. golden];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                bytes[random.Next(bytes.Length)] = Interesting(random);
            }

            Try(read, random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes, seed, round);
        }
    }

    private static byte Interesting(Random random) => random.Next(2) == 0 ? (byte)random.Next(256) : Syntax[random.Next(Syntax.Length)];

    private static void Try(Action<byte[]> read, byte[] bytes, int seed, int round)
    {
        try
        {
            read(bytes);
        }
        catch (EmbedStoreException refusal)
        {
            Assert.Equal(ErrorCode.MalformedBody, refusal.Code);
            Assert.InRange((long)refusal["offset"]!, 0, bytes.Length);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"seed {seed}, round {round}, bytes {Convert.ToHexString(bytes)}: {e}");
        }
    }
}
