using System.Globalization;
using EmbedStore.Benchmarks.Cluster;

return args switch
{
    ["serve", { } ports] => await RowServer.RunAsync(Array.ConvertAll(ports.Split(','), static port => int.Parse(port, CultureInfo.InvariantCulture))),
    [] => await Comparison.RunAsync(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Without arguments: rows by grain calls against rows by HTTP, between two processes.");
    return 2;
}
