using EmbedStore.FaultServer;
using EmbedStore.Http;
using EmbedStore.Serving;

// The server as it is, on a disk that kills the process at a named point; and with log segments so small that a short test cuts the log.
CommandLine line = CommandLine.Parse(args, "serve");
KillPoint? point = KillPoint.Parse(Environment.GetEnvironmentVariable(KillPoint.Variable));
await using WebApplication app = EmbedStoreHost.Build(SettingsSources.Load(line), services =>
{
    Func<IServiceProvider, object> own = services.Last(static service => service.ServiceType == typeof(StorageOptions)).ImplementationFactory!;
    services.AddSingleton(provider =>
    {
        var storage = (StorageOptions)own(provider);
        return storage with { LogSegmentByteCount = 64 << 10, Disk = point is null ? storage.Disk : new KillingDisk(storage.Disk, point) };
    });
});
foreach (string address in await app.ListenAsync())
{
    Console.WriteLine($"listening {address}");
}

if (line.StopAtEndOfInput)
{
    _ = StopAtEndOfInputAsync(app.Lifetime);
}

await app.WaitForShutdownAsync();

static async Task StopAtEndOfInputAsync(IHostApplicationLifetime lifetime)
{
    await Console.OpenStandardInput().CopyToAsync(Stream.Null);
    lifetime.StopApplication();
}
