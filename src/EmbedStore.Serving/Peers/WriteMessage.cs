using EmbedStore.Shards;
using EmbedStore.Tensors;

namespace EmbedStore.Serving;

/// <summary>The call <see cref="PeerCall.Write"/>: a <see cref="RowWrite"/>, and its receipt.</summary>
internal static class WriteMessage
{
    public static PeerBuffer Call(RowWrite write)
    {
        var buffer = new PeerBuffer(write.Values.Length + (write.RowIds.Length * 12) + 256);
        var writer = new PeerWriter(buffer);
        writer.Number((long)write.Kind);
        writer.Number(write.VersionMin);
        writer.Number(write.Bound);
        writer.Number(BitConverter.DoubleToInt64Bits(write.Step.Rate));
        writer.Number(write.Step.Number);
        writer.Number(write.Columns.Start);
        writer.Number(write.Columns.Count);
        writer.Number(write.Columns.Step);
        writer.Many(write.RowIds.Span);
        writer.Many(write.ColumnOf.Span);
        writer.Many(write.Positions.Span);
        writer.Number(write.Keys is null ? 0 : 1);
        if (write.Keys is not null)
        {
            KeysPart.Write(writer, write.Keys, default);
        }

        writer.Number(write.Writer is null ? 0 : 1);
        if (write.Writer is { } stamp)
        {
            writer.Text(stamp.Name);
            writer.Number(stamp.Epoch);
            writer.Number(stamp.Sequence);
            writer.Many<ushort>(stamp.Parts.ToArray());
        }

        writer.Many(write.Values.Span);
        return buffer;
    }

    /// <summary>The write of a call. Its keys and values lie in the call's memory.</summary>
    /// <param name="call">Valid as long as the write is used.</param>
    /// <param name="capacity">Orders the uses of rows, where there is one.</param>
    /// <exception cref="InvalidDataException">The call is none. A write that is none is refused by its shard.</exception>
    public static RowWrite Read(ReadOnlyMemory<byte> call, TableCapacity? capacity)
    {
        var reader = new PeerReader(call);
        var kind = (RowWriteKind)reader.Number();
        (long versionMin, long bound) = (reader.Number(), reader.Number());
        var step = new OptimizerStep(reader.Double(), reader.Number());
        var columns = new ColumnRange((int)reader.Number(), (int)reader.Number(), (int)reader.Number());
        long[] rowIds = reader.Many<long>().ToArray();
        return new RowWrite
        {
            Kind = kind,
            VersionMin = versionMin,
            Bound = bound,
            Step = step,
            Columns = columns,
            RowIds = rowIds,
            ColumnOf = reader.Many<int>().ToArray(),
            Positions = reader.Many<int>().ToArray(),
            Keys = reader.Number() == 0 ? null : KeysPart.Read(reader),
            Writer = reader.Number() == 0 ? null : new WriterStamp(reader.Text(), reader.Number(), reader.Number(), reader.Many<ushort>().ToArray()),
            Values = reader.Many(1),
            FirstTick = capacity?.Uses.Take(rowIds.Length) ?? 0,
        };
    }

    public static PeerBuffer Answer(WriteReceipt receipt)
    {
        PeerBuffer buffer = PeerAnswer.Begin(PeerOutcome.Done, receipt.Version);
        var writer = new PeerWriter(buffer);
        writer.Number((long)receipt.Outcome);
        writer.Number(receipt.RowCount);
        return buffer;
    }

    public static WriteReceipt ReceiptOf(PeerAnswer answer)
    {
        var reader = new PeerReader(answer.Body);
        return new WriteReceipt((WriteOutcome)reader.Number(), answer.Version, reader.Number());
    }
}
