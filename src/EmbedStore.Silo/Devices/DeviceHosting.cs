using EmbedStore.Gpu;
using GpuSettings = EmbedStore.Http.GpuOptions;

namespace EmbedStore.Silo.Devices;

/// <summary>Gives a server the GPU that its settings name.</summary>
internal static class DeviceHosting
{
    private const string LogCategory = "EmbedStore.Gpu";

    /// <summary>Puts the device above the server's row cache. What it says at start is logged, unless a setting says otherwise: it decides what the server does with it.</summary>
    public static void AddDevice(this WebApplicationBuilder builder, GpuSettings settings)
    {
        if (builder.Configuration[$"Logging:LogLevel:{LogCategory}"] is null)
        {
            builder.Logging.AddFilter(LogCategory, LogLevel.Information);
        }

        builder.Services.AddGpu(OptionsOf(settings));
    }

    /// <summary>Settings were checked against the same ranges.</summary>
    internal static GpuOptions OptionsOf(GpuSettings settings) => new()
    {
        Device = settings.Device,
        MemoryBytes = settings.MemoryBytes,
        StagingBytes = settings.StagingBytes,
        StreamCount = settings.StreamCount,
        FlushInterval = settings.FlushInterval,
        CalibrationTime = settings.CalibrationTime,
    };
}
