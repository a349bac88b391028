using EmbedStore.Server.Quickstart;
using EmbedStore.Tensors;

namespace EmbedStore.Server.Tests.Quickstart;

/// <summary>What the quickstart computes by itself must be right before it may accuse a server.</summary>
public sealed class QuickstartTests
{
    [Fact]
    public void Contexts_slide_over_each_name_and_start_again_with_the_next()
    {
        long[] contexts = LettersStep.Contexts(["emma", "olivia", "ava"]);
        Assert.Equal([0, 0, 0, 0, 0, 5, 0, 5, 13, 5, 13, 13, 13, 13, 1, 0, 0, 0, 0, 0, 15, 0, 15, 12], contexts);
    }

    [Fact]
    public void A_body_that_was_written_reads_back()
    {
        Tensor ids = Tensor.Of(TensorShape.Of(2), [1L, 2L]);
        Tensor values = Tensor.Of(TensorShape.Of(2, 2), [1f, 2f, 3f, 4f]);
        byte[] body = SafetensorsBody.Write(new Named { ["ids"] = ids, ["values"] = values });
        Check.Same("ids", ids, SafetensorsBody.Read(body, "ids"));
        Check.Same("values", values, SafetensorsBody.Read(body, "values"));
    }

    [Fact]
    public void A_difference_is_reported_with_its_place_and_both_values()
    {
        Tensor expected = Tensor.Of(TensorShape.Of(2, 2), [1f, 2f, 3f, 4f]);
        Tensor actual = Tensor.Of(TensorShape.Of(2, 2), [1f, 2f, 7f, 4f]);
        CheckFailedException failure = Assert.Throws<CheckFailedException>(() => Check.Same("t[:]", expected, actual));
        Assert.Equal("t[:], element [1, 0]: expected 3, got 7", failure.Message);
    }

    [Fact]
    public void Another_shape_is_a_difference()
    {
        Tensor expected = Tensor.Of(TensorShape.Of(2, 2), [1f, 2f, 3f, 4f]);
        Tensor actual = Tensor.Of(TensorShape.Of(4), [1f, 2f, 3f, 4f]);
        CheckFailedException failure = Assert.Throws<CheckFailedException>(() => Check.Same("t[:]", expected, actual));
        Assert.Equal("t[:]: expected F32 (2, 2), got F32 (4,)", failure.Message);
    }

    [Fact]
    public void A_row_of_the_large_table_is_the_same_alone_and_in_a_block()
    {
        Tensor block = MillionTable.Block(999_990, 10);
        Tensor alone = MillionTable.At(Tensor.Of(TensorShape.Of(1), [999_993L]));
        Assert.Equal(alone.Data.ToArray(), block.Data.Slice(3 * MillionTable.RowBytes, MillionTable.RowBytes).ToArray());
    }
}
