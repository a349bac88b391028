using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace EmbedStore.Load;

/// <summary>A Redis server of its own, over one raw connection: commands of many keys, several on their way. A key is the id's 8 bytes.</summary>
internal sealed class RedisPeer : PipelinedPeer
{
    /// <summary>One MGET of 32,768 keys would be answered only when it is whole; pieces are sent while the next is looked up.</summary>
    private const int KeysPerCommand = 512;

    private const int HeaderByteCountMax = 64;

    private readonly byte[] _valueHeader;
    private byte[] _command = [];

    private RedisPeer(PeerProcess process, int rowByteCount)
        : base(process, rowByteCount, KeysPerCommand) => _valueHeader = Encoding.ASCII.GetBytes($"${rowByteCount}");

    public override string Name => "Redis";

    /// <summary>Starts an empty one in memory.</summary>
    /// <param name="memoryByteCountMax">Unit: bytes.</param>
    /// <exception cref="PeerMissingException">It is not installed.</exception>
    public static RedisPeer Start(string folder, int rowByteCount, long memoryByteCountMax) =>
        new(Start(folder, memoryByteCountMax, "--appendonly", "no"), rowByteCount);

    /// <summary>Starts an empty one that answers a write when it is on disk, and never stops to shorten its log.</summary>
    /// <inheritdoc cref="Start(string, int, long)"/>
    public static RedisPeer StartDurable(string folder, int rowByteCount, long memoryByteCountMax) =>
        new(Start(folder, memoryByteCountMax, "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"), rowByteCount);

    /// <summary>What its process has in memory. Unit: bytes.</summary>
    public long ResidentByteCount => Machine.ResidentByteCount(Process.Id);

    /// <summary>Name and version, or null when it is not installed.</summary>
    public static string? Version() => PeerProcess.FirstLineOf("redis-server", "--version") is { } line
        ? "Redis " + line.Split(' ').First(static word => word.StartsWith("v=", StringComparison.Ordinal))[2..]
        : null;

    /// <summary>Writes all rows.</summary>
    public RedisPeer Load(RowSet rows)
    {
        rows.ForEachRun(KeysPerCommand, (first, run) =>
        {
            long[] ids = [.. Enumerable.Range(0, run.Length / RowByteCount).Select(i => first + i)];
            SetMany(ids, run.Span);
        });
        return this;
    }

    /// <summary>One MSET: one append to its log.</summary>
    public void SetMany(ReadOnlySpan<long> ids, ReadOnlySpan<byte> rows)
    {
        Span<byte> command = Room((ids.Length * (RowByteCount + HeaderByteCountMax)) + HeaderByteCountMax);
        int length = Put(command, $"*{1 + (2 * ids.Length)}\r\n$4\r\nMSET\r\n");
        for (int i = 0; i < ids.Length; i++)
        {
            length += PutKey(command[length..], ids[i]);
            length += PutValue(command[length..], rows.Slice(i * RowByteCount, RowByteCount));
        }

        Socket.Send(command[..length]);
        RequireOk();
    }

    /// <summary>A SET for each row, all sent before the first answer is read.</summary>
    public void SetEach(ReadOnlySpan<long> ids, ReadOnlySpan<byte> rows)
    {
        Span<byte> commands = Room(ids.Length * (RowByteCount + HeaderByteCountMax));
        int length = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            length += Put(commands[length..], "*3\r\n$3\r\nSET\r\n"u8);
            length += PutKey(commands[length..], ids[i]);
            length += PutValue(commands[length..], rows.Slice(i * RowByteCount, RowByteCount));
        }

        Socket.Send(commands[..length]);
        for (int i = 0; i < ids.Length; i++)
        {
            RequireOk();
        }
    }

    private static PeerProcess Start(string folder, long memoryByteCountMax, params string[] more) => PeerProcess.Start("redis-server", "redis-server", port =>
    [
        "--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--dir", folder, "--save", "", "--daemonize", "no",
        "--maxmemory", memoryByteCountMax.ToString(CultureInfo.InvariantCulture), "--maxmemory-policy", "noeviction", .. more,
    ]);

    protected override void SendGet(ReadOnlySpan<long> ids)
    {
        Span<byte> command = Room((ids.Length + 1) * HeaderByteCountMax);
        int length = Put(command, "*"u8);
        length += PutNumber(command[length..], ids.Length + 1);
        length += Put(command[length..], "\r\n$4\r\nMGET\r\n"u8);
        foreach (long id in ids)
        {
            length += PutKey(command[length..], id);
        }

        Socket.Send(command[..length]);
    }

    protected override void ReadValues(Span<byte> rows)
    {
        ReadOnlySpan<byte> head = Socket.ReadLine();
        if (head.IsEmpty || head[0] != (byte)'*')
        {
            throw Wrong(head);
        }

        for (; !rows.IsEmpty; rows = rows[RowByteCount..])
        {
            ReadOnlySpan<byte> line = Socket.ReadLine();
            if (!line.SequenceEqual(_valueHeader))
            {
                throw Wrong(line);
            }

            Socket.ReadExactly(rows[..RowByteCount]);
            Socket.Skip(2);
        }
    }

    private void RequireOk()
    {
        ReadOnlySpan<byte> line = Socket.ReadLine();
        if (!line.SequenceEqual("+OK"u8))
        {
            throw Wrong(line);
        }
    }

    private Span<byte> Room(int byteCount)
    {
        if (_command.Length < byteCount)
        {
            _command = new byte[byteCount];
        }

        return _command;
    }

    private static int PutKey(Span<byte> target, long id)
    {
        "$8\r\n"u8.CopyTo(target);
        BinaryPrimitives.WriteInt64LittleEndian(target[4..], id);
        "\r\n"u8.CopyTo(target[12..]);
        return 14;
    }

    private int PutValue(Span<byte> target, ReadOnlySpan<byte> row)
    {
        int length = Put(target, _valueHeader);
        length += Put(target[length..], "\r\n"u8);
        length += Put(target[length..], row);
        return length + Put(target[length..], "\r\n"u8);
    }

    private static int Put(Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        return bytes.Length;
    }

    private static int Put(Span<byte> target, string text) => Encoding.ASCII.GetBytes(text, target);

    private static int PutNumber(Span<byte> target, int number)
    {
        number.TryFormat(target, out int length, provider: CultureInfo.InvariantCulture);
        return length;
    }
}
