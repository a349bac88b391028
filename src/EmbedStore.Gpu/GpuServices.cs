using EmbedStore.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EmbedStore.Gpu;

/// <summary>Puts a device into the data path.</summary>
public static class GpuServices
{
    /// <summary>Keeps rows on a device above the row cache that is registered before, and computes there. Without a device everything stays as it was; where one is named that is not there, the first use of the container fails with <see cref="DeviceMissingException"/>.</summary>
    /// <param name="services">With an <see cref="IRowCache"/>; whoever makes <see cref="StorageOptions"/> puts the registered <see cref="IRowTier"/> into it.</param>
    /// <param name="options">Which device.</param>
    /// <exception cref="InvalidOperationException">There is no row cache to stand above.</exception>
    public static IServiceCollection AddGpu(this IServiceCollection services, GpuOptions options)
    {
        ServiceDescriptor below = services.LastOrDefault(static service => service.ServiceType == typeof(IRowCache))
            ?? throw new InvalidOperationException("A device stands above a row cache, and none is registered.");
        services.Remove(below);
        services.AddSingleton(provider =>
        {
            ILogger logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("EmbedStore.Gpu");
            return new GpuTier(GpuDevice.Open(options, logger), options, logger);
        });
        services.AddSingleton<IRowTier>(static provider => provider.GetRequiredService<GpuTier>());
        services.AddSingleton<IRowCompute>(static provider => new DeviceCompute(provider.GetRequiredService<GpuTier>()));
        services.AddSingleton<IRowCache>(provider => new DeviceRowCache(provider.GetRequiredService<GpuTier>(), Make(provider, below)));
        return services;
    }

    private static IRowCache Make(IServiceProvider provider, ServiceDescriptor service) =>
        (IRowCache)(service.ImplementationInstance
            ?? service.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, service.ImplementationType!));
}
