using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>What the steps share: the client of the server, the tables so far, and the ways to check them.</summary>
internal sealed class Stage(Uri address, string? key, Report report, CancellationToken cancellation) : IDisposable
{
    public Report Report { get; } = report;

    public QuickstartClient Client { get; private set; } = new(address, key, cancellation);

    /// <summary>The small tables.</summary>
    public List<Mirror> Mirrors { get; } = [];

    public Mirror MirrorOf(string table) => Mirrors.Single(mirror => mirror.Table == table);

    /// <summary>Creates a table and fills it with a mirror's values.</summary>
    public async Task FillAsync(Mirror mirror)
    {
        await Client.CreateTableAsync(mirror.Table, $$"""{"shape": [{{string.Join(", ", mirror.Shape)}}]}""");
        await Client.PutAsync(mirror.Table, "[...]", [], mirror.Whole);
        Mirrors.Add(mirror);
        await CheckWholeAsync(mirror);
        Report.Held($"{mirror.Table}[...] = values", $"values {Python.Shape(mirror.Shape)}, read back");
    }

    /// <summary>Gathers, and asks for the source of what was gathered; compares both with the mirror.</summary>
    /// <param name="mirror">The table.</param>
    /// <param name="index">Subscript.</param>
    /// <param name="tensors">Those that it names.</param>
    /// <param name="positions">Where each element must come from, by the client's own loop. Unit: elements of the table.</param>
    public async Task CheckGatherAsync(Mirror mirror, string index, Named tensors, Tensor positions)
    {
        string code = mirror.Table + index;
        Check.Same(code, mirror.At(positions), await Client.GatherAsync(mirror.Table, index, tensors));
        Check.Same("source of " + code, positions, await Client.SourceAsync(mirror.Table, index, tensors));
        string from = tensors.Count > 0 ? tensors + " -> " : "-> ";
        Report.Held(code, from + Python.Shape(positions.Shape) + ", and its source");
    }

    /// <summary>Assigns, and compares the whole table with the mirror, which the caller has changed already.</summary>
    /// <param name="mirror">The table, as it must be afterwards.</param>
    /// <param name="index">Subscript.</param>
    /// <param name="tensors">Those that it names.</param>
    /// <param name="values">What is assigned or added.</param>
    /// <param name="name">How the output names the values.</param>
    /// <param name="accumulate">Add.</param>
    public async Task CheckPutAsync(Mirror mirror, string index, Named tensors, Tensor values, string name, bool accumulate = false)
    {
        await Client.PutAsync(mirror.Table, index, tensors, values, accumulate);
        await CheckWholeAsync(mirror);
        string shape = values.Shape.Rank == 0 ? "" : $", {name} {Python.Shape(values.Shape)}";
        Report.Held($"{mirror.Table}{index} {(accumulate ? "+=" : "=")} {name}", $"{tensors}{shape}, whole table compared");
    }

    public async Task CheckWholeAsync(Mirror mirror) =>
        Check.Same(mirror.Table + "[...]", mirror.Whole, await Client.GatherAsync(mirror.Table, "[...]", []));

    /// <summary>Starts the server again, at another address, and waits until it is ready.</summary>
    public async Task RestartAsync(ServerChild server)
    {
        await server.StartAsync(cancellation);
        Client.Dispose();
        Client = new QuickstartClient(server.Address, key, cancellation);
        await Client.WaitUntilReadyAsync();
    }

    public void Dispose() => Client.Dispose();
}
