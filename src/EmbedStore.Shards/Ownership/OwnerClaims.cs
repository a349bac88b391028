using System.Globalization;

namespace EmbedStore.Shards;

/// <summary>The claims in a shard's folder: a file for each owner, <c>owner-000000000007</c>, which holds its <see cref="OwnerRecord"/>.</summary>
/// <remarks>
/// Whoever makes the file of an epoch has that epoch: no two can. What it holds may be unfinished, after a crash: then nobody wrote with this epoch, and the next claim passes it over.
/// A claim is not deleted before <see cref="KeptCount"/> more were made, since an owner that slept meanwhile asks for the one behind its own.
/// </remarks>
internal static class OwnerClaims
{
    /// <summary>Newest claims that are kept.</summary>
    public const int KeptCount = 1024;

    private const string Prefix = "owner-";

    public static string NameOf(long epoch) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{epoch:D12}");

    /// <summary>The epoch whose claim a file is, or null for any other file.</summary>
    public static long? EpochOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long epoch) ? epoch : null;

    /// <summary>Epochs of all claims, finished or not, lowest first.</summary>
    public static List<long> Epochs(IDisk disk, string folder) => [.. disk.FileNames(folder).Select(EpochOf).OfType<long>().Order()];

    /// <summary>The newest claim that is whole, or null when there is none.</summary>
    public static OwnerRecord? Newest(IDisk disk, string folder) =>
        Epochs(disk, folder).AsEnumerable().Reverse().Select(epoch => TryRead(disk, folder, epoch)).FirstOrDefault(static claim => claim is not null);

    /// <summary>Takes the next epoch: the claim is on stable storage when this returns, and every owner before is fenced.</summary>
    /// <exception cref="ShardClaimedException">Somebody else took it.</exception>
    /// <exception cref="ShardDamagedException">Who owned the shard cannot be read, or it is missing though there is a log.</exception>
    /// <exception cref="ArgumentException">The shard was made with another format.</exception>
    public static OwnerRecord Claim(IDisk disk, string folder, RowFormat format, string name)
    {
        // Before anything is made: a wrong format fences nobody.
        OwnerRecord? last = OwnerRecord.Newest(disk, folder, format);
        long epoch = Math.Max(last?.Epoch ?? 0, Epochs(disk, folder).LastOrDefault()) + 1;
        OwnerRecord claim;
        using (IDiskFile file = Create(disk, folder, Path.Combine(folder, NameOf(epoch)), epoch))
        {
            // Again, since the owner before may have made the shard just before it was fenced: one whose claim is not whole by now never will.
            claim = new OwnerRecord(OwnerRecord.Newest(disk, folder, format)?.Identity ?? Guid.NewGuid(), epoch, OwnerRecord.FormatText(format), name);
            file.Write(claim.ToBytes(), 0);
            file.Flush();
        }

        disk.FlushFolder(folder);

        // Who slept between looking and claiming may have made a file that was deleted since.
        long newest = Epochs(disk, folder).LastOrDefault();
        return newest == epoch ? claim : throw LostTo(disk, folder, newest);
    }

    /// <summary>Says who won.</summary>
    public static ShardClaimedException LostTo(IDisk disk, string folder, long epoch)
    {
        try
        {
            epoch = Math.Max(epoch, Epochs(disk, folder).LastOrDefault());
            return new ShardClaimedException(folder, epoch, TryRead(disk, folder, epoch)?.Name ?? "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ShardClaimedException(folder, epoch, "", e);
        }
    }

    private static IDiskFile Create(IDisk disk, string folder, string path, long epoch)
    {
        try
        {
            return disk.Open(path, create: true);
        }
        catch (IOException e) when (e is not DiskFullException && disk.FileExists(path))
        {
            throw LostTo(disk, folder, epoch);
        }
    }

    private static OwnerRecord? TryRead(IDisk disk, string folder, long epoch)
    {
        try
        {
            return OwnerRecord.Read(disk, Path.Combine(folder, NameOf(epoch))) is { } claim && claim.Epoch == epoch ? claim : null;
        }
        catch (Exception e) when (e is ShardDamagedException or FileNotFoundException)
        {
            return null;
        }
    }
}
