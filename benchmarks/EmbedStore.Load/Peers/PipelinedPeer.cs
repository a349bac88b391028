using System.Text;

namespace EmbedStore.Load;

/// <summary>A server of its own, read over one raw connection with several commands on their way: it works while its answers are read.</summary>
/// <param name="process">Ends with this object.</param>
/// <param name="rowByteCount">Unit: bytes.</param>
/// <param name="keysPerCommand">Ids that one command reads.</param>
/// <remarks>Only so many commands are on their way that they fit the socket's buffers: else both sides could wait for each other.</remarks>
internal abstract class PipelinedPeer(PeerProcess process, int rowByteCount, int keysPerCommand) : IPeer
{
    /// <summary>Commands on their way at once.</summary>
    private const int CommandCount = 16;

    private const int QuotedByteCountMax = 200;

    public abstract string Name { get; }

    protected PeerProcess Process => process;

    protected PeerSocket Socket { get; } = new(process.Port);

    /// <summary>Unit: bytes.</summary>
    protected int RowByteCount => rowByteCount;

    public void Read(IdBatch batch, Memory<byte> rows)
    {
        int sent = 0;
        for (int read = 0; read < batch.Count; read += keysPerCommand)
        {
            for (; sent < Math.Min(batch.Count, read + (CommandCount * keysPerCommand)); sent += keysPerCommand)
            {
                SendGet(batch.Ids[sent..EndOf(sent)]);
            }

            ReadValues(rows.Span[(read * RowByteCount)..(EndOf(read) * RowByteCount)]);
        }

        int EndOf(int first) => Math.Min(batch.Count, first + keysPerCommand);
    }

    public void Dispose()
    {
        Socket.Dispose();
        process.Dispose();
    }

    /// <summary>Sends one command.</summary>
    protected abstract void SendGet(ReadOnlySpan<long> ids);

    /// <summary>Reads the answer of one command.</summary>
    /// <param name="rows">Shape [ids, row bytes].</param>
    protected abstract void ReadValues(Span<byte> rows);

    /// <summary>What to throw when it answers with this line.</summary>
    protected WrongAnswerException Wrong(ReadOnlySpan<byte> line) =>
        new($"{Name} answered '{Encoding.ASCII.GetString(line[..Math.Min(line.Length, QuotedByteCountMax)])}'.");
}
