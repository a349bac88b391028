using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using EmbedStore.Tensors;
using Microsoft.AspNetCore.Http;

namespace EmbedStore.Http;

/// <summary>Sends tensors, run by run, straight into the response's pipe.</summary>
/// <remarks>
/// The first run is produced before the status goes out, so that a shard that cannot serve still gets its own status;
/// a later failure cuts the connection, which the promised length shows, or the JSON that does not end.
/// </remarks>
internal static class AnswerWriter
{
    /// <summary>Bytes that are produced at a time of what is at hand.</summary>
    public const int RunByteCount = 256 * 1024;

    /// <summary>Sends an answer.</summary>
    /// <param name="context">The call.</param>
    /// <param name="encoding">How.</param>
    /// <param name="tensors">The main tensor first; npy carries it alone.</param>
    public static Task WriteAsync(HttpContext context, WireEncoding encoding, params IReadOnlyList<AnswerTensor> tensors)
    {
        context.Response.ContentType = ContentNegotiation.MediaTypeOf(encoding);
        return encoding switch
        {
            WireEncoding.Safetensors => WriteSafetensorsAsync(context, tensors),
            WireEncoding.Npy => WriteRawAsync(context, NpyHeader.Write(tensors[0].Type, tensors[0].Shape), [tensors[0]]),
            _ => WriteJsonAsync(context, tensors),
        };
    }

    private static Task WriteSafetensorsAsync(HttpContext context, IReadOnlyList<AnswerTensor> tensors)
    {
        SafetensorsLayout layout = SafetensorsLayout.Of(tensors.Select(static tensor => new SafetensorsField(tensor.Name, tensor.Type, tensor.Shape)).ToList());
        Dictionary<string, AnswerTensor> byName = tensors.ToDictionary(static tensor => tensor.Name);
        return WriteRawAsync(context, layout.Header, layout.Entries.Select(entry => byName[entry.Name]).ToList());
    }

    private static async Task WriteRawAsync(HttpContext context, ReadOnlyMemory<byte> header, List<AnswerTensor> tensors)
    {
        long byteCount = header.Length + tensors.Sum(static tensor => tensor.ByteCount);
        context.Response.ContentLength = byteCount;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        if (context.Features.Get<SharedRegion>() is { } region && region.ByteCount >= byteCount)
        {
            await WriteSharedAsync(context, region, header, tensors);
            return;
        }

        PipeWriter pipe = context.Response.BodyWriter;
        bool headerSent = false;
        int waiting = 0;
        foreach (AnswerTensor tensor in tensors)
        {
            int run = RunOf(tensor);
            for (long offset = 0; offset < tensor.ByteCount; offset += run)
            {
                int count = (int)Math.Min(run, tensor.ByteCount - offset);
                int headerLength = headerSent ? 0 : header.Length;
                Memory<byte> memory = pipe.GetMemory(headerLength + count);
                await tensor.ReadAsync(offset, memory.Slice(headerLength, count), context.RequestAborted);
                header[..headerLength].CopyTo(memory);
                pipe.Advance(headerLength + count);
                headerSent = true;
                waiting += headerLength + count;
                if (waiting > RunByteCount / 2)
                {
                    // Small tensors go out together.
                    await pipe.FlushAsync(context.RequestAborted);
                    waiting = 0;
                }
            }
        }

        if (!headerSent)
        {
            pipe.Write(header.Span);
        }

        await pipe.FlushAsync(context.RequestAborted);
    }

    /// <summary>All of it at once: nobody reads before the status says that it is there.</summary>
    private static async Task WriteSharedAsync(HttpContext context, SharedRegion region, ReadOnlyMemory<byte> header, List<AnswerTensor> tensors)
    {
        Memory<byte> memory = region.Memory;
        header.CopyTo(memory);
        int offset = header.Length;
        foreach (AnswerTensor tensor in tensors.Where(static tensor => tensor.ByteCount > 0))
        {
            await tensor.ReadAsync(0, memory.Slice(offset, (int)tensor.ByteCount), context.RequestAborted);
            offset += (int)tensor.ByteCount;
        }

        Headers.SetShared(context, region.Path, offset);
        context.Response.ContentLength = 0;
    }

    private static async Task WriteJsonAsync(HttpContext context, IReadOnlyList<AnswerTensor> tensors)
    {
        PipeWriter pipe = context.Response.BodyWriter;
        using var json = new Utf8JsonWriter(pipe);
        byte[]? first = null;
        foreach (AnswerTensor tensor in tensors)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(RunOf(tensor));
            try
            {
                await WriteJsonAsync(context, json, tensor, buffer, isFirst: first is null);
                first = buffer;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
        await pipe.FlushAsync(context.RequestAborted);
    }

    private static async Task WriteJsonAsync(HttpContext context, Utf8JsonWriter json, AnswerTensor tensor, byte[] buffer, bool isFirst)
    {
        int run = RunOf(tensor);
        long offset = 0;
        do
        {
            Memory<byte> memory = buffer.AsMemory(0, (int)Math.Min(run, tensor.ByteCount - offset));
            if (!memory.IsEmpty)
            {
                await tensor.ReadAsync(offset, memory, context.RequestAborted);
            }

            if (offset == 0)
            {
                Begin(json, tensor, isFirst);
            }

            tensor.WriteElements(json, memory);
            json.Flush();
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            offset += run;
        }
        while (offset < tensor.ByteCount);

        JsonTensorWriter.WriteEnd(json);
    }

    private static void Begin(Utf8JsonWriter json, AnswerTensor tensor, bool isFirst)
    {
        if (isFirst)
        {
            json.WriteStartObject();
            json.WriteStartObject("tensors");
        }

        json.WritePropertyName(tensor.Name);
        tensor.WriteStart(json);
    }

    private static int RunOf(AnswerTensor tensor) => Math.Max(tensor.RunByteCount / tensor.UnitByteCount, 1) * tensor.UnitByteCount;
}
