using System.Diagnostics;

namespace EmbedStore.Load;

/// <summary>Writes steps over a connection of its own, as fast as they are acknowledged or at a given pace.</summary>
internal sealed class Trainer : IDisposable
{
    private readonly EmbedStoreServer _server;
    private readonly HttpConnection _connection;
    private readonly HttpRequest[] _steps;
    private int _next;

    public Trainer(EmbedStoreTable table, RowSet rows)
    {
        _server = table.Server;
        _connection = new HttpConnection(table.Server.Port);
        _steps = [.. IdSource.Uniform(rows.RowCount).Batches(Shapes.LargeBatchCount, Shapes.TrainedRowCount, 1, seed: 4).Select(batch => TrainedTable.Step(table, batch, rows))];
    }

    /// <summary>Takes one step and returns when it is acknowledged.</summary>
    public void Step() => TrainedTable.Send(_connection, _steps[_next++ % _steps.Length]);

    /// <summary>What training takes when the next step follows the one before at once.</summary>
    public TrainingPace TopPace(TimeSpan time)
    {
        TimeSpan processorBefore = _server.ProcessorUse.Total;
        long start = Stopwatch.GetTimestamp();
        int stepCount = 0;
        do
        {
            Step();
            stepCount++;
        }
        while (Stopwatch.GetElapsedTime(start) < time);

        return new TrainingPace(Stopwatch.GetElapsedTime(start) / stepCount, (_server.ProcessorUse.Total - processorBefore) / stepCount);
    }

    /// <summary>Trains at a pace on a thread of its own until the result is disposed.</summary>
    /// <param name="period">Of a step. When it cannot be kept, steps follow each other at once.</param>
    public IDisposable TrainEach(TimeSpan period) => new Background(stop =>
    {
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

/// <summary>What one step takes.</summary>
/// <param name="Period">From one step to the next.</param>
/// <param name="ProcessorTime">Of the server.</param>
internal readonly record struct TrainingPace(TimeSpan Period, TimeSpan ProcessorTime)
{
    public double RowsPerSecond => Shapes.TrainedRowCount / Period.TotalSeconds;
}
