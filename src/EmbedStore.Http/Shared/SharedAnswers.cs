using System.Globalization;
using EmbedStore.Shards;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Http;

/// <summary>Hands out regions of shared memory to connections, up to a limit for all of them.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed partial class SharedAnswers : HeldFolder
{
    private const string FilePrefix = "answers-";

    private readonly long _byteCountMax;
    private readonly ILogger<SharedAnswers> _logger;
    private long _byteCount;
    private long _regionCount;

    /// <param name="folder">Held by this server alone. What a killed one left there is deleted.</param>
    /// <param name="byteCountMax">Limit of all regions. Unit: bytes.</param>
    /// <param name="logger">Hears when the folder has no room.</param>
    /// <exception cref="StartException">The folder cannot be written, or another server holds it.</exception>
    public SharedAnswers(string folder, long byteCountMax, ILogger<SharedAnswers> logger)
        : base("EmbedStore:SharedFolder", folder)
    {
        _byteCountMax = byteCountMax;
        _logger = logger;
        foreach (string left in Directory.EnumerateFiles(Path, FilePrefix + "*"))
        {
            File.Delete(left);
        }
    }

    /// <summary>A region of this size.</summary>
    /// <returns>Null when there is no room left, under the limit or in the folder.</returns>
    public SharedRegion? TryTake(int byteCount)
    {
        if (Interlocked.Add(ref _byteCount, byteCount) <= _byteCountMax)
        {
            string name = FilePrefix + Interlocked.Increment(ref _regionCount).ToString(CultureInfo.InvariantCulture);
            try
            {
                return new SharedRegion(System.IO.Path.Combine(Path, name), byteCount);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogNoRoom(byteCount, error);
            }
        }

        Interlocked.Add(ref _byteCount, -byteCount);
        return null;
    }

    /// <summary>Takes a region back. Its client may keep its own mapping; nothing is written to it any more.</summary>
    public void Return(SharedRegion region)
    {
        ((IDisposable)region).Dispose();
        Interlocked.Add(ref _byteCount, -region.ByteCount);
    }

    [LoggerMessage(EmbedStoreTelemetry.Events.NoSharedMemory, LogLevel.Warning, "No shared memory of {ByteCount} bytes could be had; answers go over the socket")]
    private partial void LogNoRoom(int byteCount, Exception error);
}
