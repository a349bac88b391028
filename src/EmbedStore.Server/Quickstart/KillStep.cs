using System.Diagnostics;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>The server is killed and started again on the same folder; nothing that it acknowledged may be missing.</summary>
internal sealed class KillStep(ServerChild server) : IStep
{
    private const int Sample = 10_000;

    public string Title => "kill -9, restart, and everything is still there";

    public async Task RunAsync(Stage stage)
    {
        server.Kill();
        long begin = Stopwatch.GetTimestamp();
        await stage.RestartAsync(server);
        Report.Note($"killed with signal 9; ready again after {Stopwatch.GetElapsedTime(begin).TotalSeconds:F1} s at {server.Address}");

        foreach (Mirror mirror in stage.Mirrors)
        {
            await stage.CheckWholeAsync(mirror);
            stage.Report.Held(mirror.Table + "[...]", Python.Shape(mirror.Shape) + ", whole table compared");
        }

        Tensor ids = MillionTable.Ids(new Random(4), Sample);
        var tensors = new Named { ["ids"] = ids };
        Check.Same("million[ids]", MillionTable.At(ids), await stage.Client.GatherAsync(MillionTable.Name, "[ids]", tensors));
        stage.Report.Held("million[ids]", $"{tensors} -> ({Sample}, {MillionTable.Width}), random rows");
    }
}
