using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>Writes steps over a connection of its own, as fast as they are acknowledged or at a given pace.</summary>
internal sealed class Trainer : IDisposable
{
    private readonly HttpConnection _connection;
    private readonly HttpRequest[] _steps;
    private int _next;

    public Trainer(EmbedStoreTable table, RowSet rows)
    {
        _connection = new HttpConnection(table.Server.Port);
        _steps = [.. IdSource.Uniform(rows.RowCount).Batches(Shapes.LargeBatchCount, Shapes.TrainedRowCount, 1, seed: 4).Select(batch => TrainedTable.Step(table, batch, rows))];
    }

    /// <summary>Takes one step and returns when it is acknowledged.</summary>
    public void Step() => TrainedTable.Send(_connection, _steps[_next++ % _steps.Length]);

    /// <summary>Rows a second that are acknowledged when the next step follows the one before at once.</summary>
    public double TopRate(TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        long rowCount = 0;
        do
        {
            Step();
            rowCount += Shapes.TrainedRowCount;
        }
        while (Stopwatch.GetElapsedTime(start) < time);

        return rowCount / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Trains at a pace on a thread of its own until the result is disposed.</summary>
    /// <param name="rate">Unit: rows a second. When it cannot be kept, steps follow each other at once.</param>
    public IDisposable TrainAt(double rate) => new Background(stop =>
    {
        TimeSpan period = TimeSpan.FromSeconds(Shapes.TrainedRowCount / rate);
        long start = Stopwatch.GetTimestamp();
        for (int step = 0; !stop.IsSet; step++)
        {
            Step();
            TimeSpan ahead = (period * (step + 1)) - Stopwatch.GetElapsedTime(start);
            if (ahead > TimeSpan.Zero)
            {
                stop.Wait(ahead);
            }
        }
    });

    public void Dispose() => _connection.Dispose();
}
