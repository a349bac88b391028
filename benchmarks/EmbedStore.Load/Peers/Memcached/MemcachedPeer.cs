using System.Globalization;
using System.Text;

namespace EmbedStore.Load;

/// <summary>A memcached server of its own, over one raw connection: its text protocol, several keys a <c>get</c>, several on their way. A key is the id in decimal.</summary>
internal sealed class MemcachedPeer : PipelinedPeer
{
    private const int KeysPerCommand = 128;
    private const int KeyByteCountMax = 24;
    private const int RunRowCount = 512;

    private readonly byte[] _command = new byte[(KeysPerCommand + 1) * KeyByteCountMax];

    private MemcachedPeer(PeerProcess process, int rowByteCount)
        : base(process, rowByteCount, KeysPerCommand)
    {
    }

    public override string Name => "memcached";

    /// <summary>Starts an empty one.</summary>
    /// <param name="memoryByteCountMax">Unit: bytes, rounded down to MiB.</param>
    /// <exception cref="PeerMissingException">It is not installed.</exception>
    public static MemcachedPeer Start(int rowByteCount, long memoryByteCountMax) => new(
        PeerProcess.Start("memcached", "memcached", port =>
        [
            "-l", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "0", "-u", Environment.UserName,
            "-m", (memoryByteCountMax >> 20).ToString(CultureInfo.InvariantCulture), "-t", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ]),
        rowByteCount);

    /// <summary>Name and version, or null when it is not installed.</summary>
    public static string? Version() => PeerProcess.FirstLineOf("memcached", "--version");

    /// <summary>Writes all rows.</summary>
    public MemcachedPeer Load(RowSet rows)
    {
        byte[] commands = new byte[RunRowCount * (RowByteCount + 64)];
        byte[] lineEnd = "\r\n"u8.ToArray();
        rows.ForEachRun(RunRowCount, (first, run) =>
        {
            int length = 0;
            for (int i = 0; i < run.Length / RowByteCount; i++)
            {
                length += Encoding.ASCII.GetBytes($"set {first + i} 0 0 {RowByteCount} noreply\r\n", commands.AsSpan(length));
                run.Span.Slice(i * RowByteCount, RowByteCount).CopyTo(commands.AsSpan(length));
                lineEnd.CopyTo(commands.AsSpan(length + RowByteCount));
                length += RowByteCount + lineEnd.Length;
            }

            Socket.Send(commands.AsSpan(0, length));
        });

        // It answers in order, so this answer says that all is written.
        Socket.Send("version\r\n"u8);
        Socket.ReadLine();
        return this;
    }

    protected override void SendGet(ReadOnlySpan<long> ids)
    {
        "get"u8.CopyTo(_command);
        int length = 3;
        foreach (long id in ids)
        {
            _command[length++] = (byte)' ';
            id.TryFormat(_command.AsSpan(length), out int digits, provider: CultureInfo.InvariantCulture);
            length += digits;
        }

        "\r\n"u8.CopyTo(_command.AsSpan(length));
        Socket.Send(_command.AsSpan(0, length + 2));
    }

    /// <summary>What it does not have it leaves out, so a missing row shows as an END that comes early.</summary>
    protected override void ReadValues(Span<byte> rows)
    {
        for (; !rows.IsEmpty; rows = rows[RowByteCount..])
        {
            ReadOnlySpan<byte> line = Socket.ReadLine();
            if (!line.StartsWith("VALUE "u8))
            {
                throw Wrong(line);
            }

            Socket.ReadExactly(rows[..RowByteCount]);
            Socket.Skip(2);
        }

        Socket.ReadLine();
    }
}
