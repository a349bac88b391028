namespace EmbedStore.Http.Tests.Fuzz;

/// <summary>Damages bytes the way that finds mistakes in readers: flipped, cut, doubled, grown to extremes.</summary>
internal static class Mutation
{
    private static readonly byte[][] Odd = ["-1"u8.ToArray(), "99999999999999999999"u8.ToArray(), "0"u8.ToArray(), "]"u8.ToArray(), "{"u8.ToArray(), "\""u8.ToArray(), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0, 0, 0, 0, 0]];

    public static byte[] Of(byte[] body, Random random)
    {
        var bytes = new List<byte>(body);
        for (int count = random.Next(1, 4); count > 0 && bytes.Count > 0; count--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 2: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 9), bytes.Count - at))); break;
                case 3: bytes[at] = (byte)random.Next(256); break;
                default: Overwrite(bytes, at, Odd[random.Next(Odd.Length)]); break;
            }
        }

        return [.. bytes];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] odd)
    {
        bytes.RemoveRange(at, Math.Min(odd.Length, bytes.Count - at));
        bytes.InsertRange(at, odd);
    }
}
