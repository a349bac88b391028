using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Quickstart;

/// <summary>A million rows written, and read in batches of random ids, with the time that it takes.</summary>
internal sealed class MillionStep : IStep
{
    private const int BlockRows = 100_000;
    private const int Batch = 512;
    private const int Positions = 64;
    private const int Repeats = 25;

    public string Title => "A million rows of 64 floats";

    public async Task RunAsync(Stage stage)
    {
        await stage.Client.CreateTableAsync(MillionTable.Name, MillionTable.Spec);
        await CheckInitializedAsync(stage);
        await FillAsync(stage);
        await ReadAsync(stage);
    }

    /// <summary>A row that nobody wrote has its initial value, the same at each read.</summary>
    private static async Task CheckInitializedAsync(Stage stage)
    {
        var tensors = new Named { ["ids"] = MillionTable.Ids(new Random(2), 4) };
        Tensor first = await stage.Client.GatherAsync(MillionTable.Name, "[ids]", tensors);
        Check.Same("million[ids] a second time", first, await stage.Client.GatherAsync(MillionTable.Name, "[ids]", tensors));
        float[] values = MemoryMarshal.Cast<byte, float>(first.Data.Span).ToArray();
        Check.That(
            values.All(value => value is >= MillionTable.Low and <= MillionTable.High) && values.Distinct().Count() > values.Length / 2,
            "million[ids] before any write",
            $"different values in [{MillionTable.Low}, {MillionTable.High}]",
            $"{values.Distinct().Count()} values in [{values.Min()}, {values.Max()}]");
        stage.Report.Held("million[ids]", $"{tensors} -> {Python.Shape(first.Shape)}, initialized, never written");
    }

    private static async Task FillAsync(Stage stage)
    {
        TimeSpan spent = TimeSpan.Zero;
        for (int row = 0; row < MillionTable.Rows; row += BlockRows)
        {
            Tensor block = MillionTable.Block(row, BlockRows);
            long begin = Stopwatch.GetTimestamp();
            await stage.Client.PutAsync(MillionTable.Name, $"[{row}:{row + BlockRows}]", [], block);
            spent += Stopwatch.GetElapsedTime(begin);
        }

        Report.Note($"million[...] = values, in {MillionTable.Rows / BlockRows} puts: {PerSecond(MillionTable.Rows, spent)}, each on disk when acknowledged");
    }

    private static async Task ReadAsync(Stage stage)
    {
        var random = new Random(3);
        var times = new TimeSpan[Repeats];
        var buffer = new byte[(Batch * Positions * MillionTable.RowBytes) + (64 << 10)];
        TensorShape? shape = null;
        for (int i = 0; i < Repeats; i++)
        {
            Tensor ids = MillionTable.Ids(random, Batch, Positions);
            long begin = Stopwatch.GetTimestamp();
            Tensor rows = await stage.Client.GatherAsync(MillionTable.Name, "[ids]", new Named { ["ids"] = ids }, buffer: buffer);
            times[i] = Stopwatch.GetElapsedTime(begin);
            Check.Same("million[ids]", MillionTable.At(ids), rows);
            shape = rows.Shape;
        }

        Array.Sort(times);
        string speed = PerSecond(Batch * Positions, times[Repeats / 2]);
        stage.Report.Held("million[ids]", $"ids ({Batch}, {Positions}) -> {Python.Shape(shape!)}, every value, {Repeats} times");
        Report.Note($"{speed} (median), over one connection");
    }

    private static string PerSecond(int rows, TimeSpan time)
    {
        double rate = rows / time.TotalSeconds;
        return string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:F2} million rows/s, {rate * MillionTable.RowBytes / 1e6:F0} MB/s");
    }
}
