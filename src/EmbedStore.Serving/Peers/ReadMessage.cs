using System.Runtime.InteropServices;
using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The call <see cref="PeerCall.Read"/>: which rows, and the rows.</summary>
/// <remarks>The answer has statuses, versions and rows by position of the call, each packed: the rows travel as they are stored.</remarks>
internal static class ReadMessage
{
    /// <param name="rowIds">Shape [n].</param>
    /// <param name="keys">Where rows have keys: those of the whole batch.</param>
    /// <param name="positions">Shape [n] or empty: the place of each row's key in <paramref name="keys"/>.</param>
    /// <param name="isUse">Whether rows that are found count as used.</param>
    public static PeerBuffer Call(ReadOnlySpan<long> rowIds, RowKeys? keys, ReadOnlySpan<int> positions, bool isUse)
    {
        var buffer = new PeerBuffer((rowIds.Length * sizeof(long)) + 64);
        var writer = new PeerWriter(buffer);
        writer.Number(isUse ? 1 : 0);
        writer.Many(rowIds);
        writer.Number(keys is null ? 0 : 1);
        if (keys is not null)
        {
            KeysPart.Write(writer, keys, positions);
        }

        return buffer;
    }

    /// <summary>Reads the rows that a call names.</summary>
    /// <exception cref="InvalidDataException">The call is none.</exception>
    public static PeerBuffer Answer(Shard shard, ReadOnlyMemory<byte> call, TableCapacity? capacity)
    {
        var reader = new PeerReader(call);
        bool isUse = reader.Number() != 0;
        ReadOnlySpan<long> rowIds = reader.Many<long>();
        RowKeys? keys = reader.Number() == 0 ? null : KeysPart.Read(reader);
        if (keys is not null && keys.Count != rowIds.Length)
        {
            throw new InvalidDataException($"{rowIds.Length} rows but {keys.Count} keys.");
        }

        // Before the rows are read: they are at least as new.
        long version = shard.Version;
        int count = rowIds.Length;
        var rows = new PeerRows(count, shard.Format.DataByteCount);
        var buffer = new PeerBuffer(PeerAnswer.HeadByteCount + rows.ByteCount);
        var writer = new PeerWriter(buffer);
        writer.Number((long)PeerOutcome.Done);
        writer.Number(version);
        int begin = buffer.Length;
        buffer.Append(rows.ByteCount);
        Memory<byte> body = buffer.Memory[begin..];
        long firstTick = isUse && capacity is not null ? capacity.Uses.Take(count) : 0;
        RowStatus[] statuses = System.Buffers.ArrayPool<RowStatus>.Shared.Rent(count);
        long[] versions = System.Buffers.ArrayPool<long>.Shared.Rent(count);
        try
        {
            _ = keys is null
                ? shard.Read(rowIds, default, rows.RowsOf(body), statuses.AsMemory(0, count), versions.AsMemory(0, count), firstTick)
                : shard.ReadByKey(rowIds, keys, default, rows.RowsOf(body), statuses.AsMemory(0, count), versions.AsMemory(0, count), firstTick);
            MemoryMarshal.Cast<RowStatus, byte>(statuses.AsSpan(0, count)).CopyTo(rows.StatusesOf(body.Span));
            versions.AsSpan(0, count).CopyTo(rows.VersionsOf(body.Span));
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
        finally
        {
            System.Buffers.ArrayPool<RowStatus>.Shared.Return(statuses);
            System.Buffers.ArrayPool<long>.Shared.Return(versions);
        }
    }

    /// <summary>Brings the rows of an answer to their places.</summary>
    /// <param name="answer">Behind its head.</param>
    /// <param name="positions">Shape [n] or empty: position i.</param>
    /// <param name="block">Where to.</param>
    /// <returns>Rows that are missing.</returns>
    public static int Scatter(PeerRowsView answer, ReadOnlySpan<int> positions, in RowBlock block)
    {
        int missing = 0;
        int rowByteCount = answer.RowByteCount;
        for (int i = 0; i < answer.Count; i++)
        {
            int position = positions.IsEmpty ? i : positions[i];
            block.Statuses.Span[position] = answer.StatusOf(i);
            if (!block.Versions.IsEmpty)
            {
                block.Versions.Span[position] = answer.VersionOf(i);
            }

            if (answer.StatusOf(i) == RowStatus.Found)
            {
                answer.RowOf(i).CopyTo(block.Rows.Span[(position * rowByteCount)..]);
            }
            else
            {
                missing++;
            }
        }

        return missing;
    }
}
