using EmbedStore.Serving;
using EmbedStore.Simulation;

const string PrintOnly = "--print-only";

SimulationOptions options;
try
{
    options = SimulationOptions.Parse([.. args.Where(static word => word != PrintOnly)]);
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

// Few servers have few shards each, where chance is felt most.
SimulationOptions[] sizes = [options, new(3, 64, 3), new(10, 1000, 10)];
var report = new Report();
foreach (SimulationOptions size in sizes)
{
    ShardKey[] shards = Cluster.Shards(size.ShardCount);
    foreach ((string weights, PlacementServer[] servers) in new[] { ("equal", Cluster.Equal(size.ServerCount)), ("unequal", Cluster.Unequal(size.ServerCount)) })
    {
        foreach (Scheme scheme in new[] { Scheme.Plain, Scheme.Bounded })
        {
            Console.Error.WriteLine($"{scheme.Name}, {size.ServerCount} servers of {weights} weight");
            report.Add(scheme, weights, size, Simulation.Run(scheme, shards, servers, size.ChangeCount));
        }
    }
}

string text = report.Write();
Console.Write(text);
if (!args.Contains(PrintOnly))
{
    Console.Error.WriteLine($"written to {report.Save(text)}");
}

return 0;
