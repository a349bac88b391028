using System.Text.Json;

namespace EmbedStore.Tensors;

/// <summary>What a nested list is, seen from its text.</summary>
/// <param name="Type">I64, F32, Bool or Str.</param>
/// <param name="Shape">At most <see cref="TensorShape.RankMax"/> dimensions.</param>
/// <param name="IsAllStrings">Every element is a string; also when there is none.</param>
/// <param name="TextByteCount">Of all strings as they stand in the text. Unit: bytes.</param>
internal sealed record JsonNesting(ElementType Type, TensorShape Shape, bool IsAllStrings, int TextByteCount);

/// <summary>The first of two passes over a list: finds its type and shape, so that the second can write into an array of the right size.</summary>
internal ref struct JsonNestingScan
{
    private const long Unknown = -1;

    private readonly string _name;
    private readonly Span<long> _sizes;
    private readonly Span<long> _counts;
    private int _depth;
    private int? _rank;
    private ElementType? _type;
    private bool _hasOthers;
    private int _textByteCount;

    private JsonNestingScan(string name, Span<long> sizes, Span<long> counts)
    {
        _name = name;
        _sizes = sizes;
        _counts = counts;
        sizes.Fill(Unknown);
    }

    /// <summary>Goes from the first token of a value to its last.</summary>
    public static JsonNesting Scan(ref JsonCursor cursor, string name)
    {
        var scan = new JsonNestingScan(name, stackalloc long[TensorShape.RankMax], stackalloc long[TensorShape.RankMax]);
        scan.Take(cursor);
        while (scan._depth > 0)
        {
            cursor.Read();
            scan.Take(cursor);
        }

        return new JsonNesting(scan._type ?? ElementType.I64, TensorShape.Of(scan._sizes[..scan._rank!.Value]), !scan._hasOthers, scan._textByteCount);
    }

    private void Take(scoped in JsonCursor cursor)
    {
        switch (cursor.Token)
        {
            case JsonTokenType.StartArray: Open(cursor); break;
            case JsonTokenType.EndArray: Close(cursor); break;
            default: TakeElement(cursor); break;
        }
    }

    private void Open(scoped in JsonCursor cursor)
    {
        CountOne();
        if (_depth == TensorShape.RankMax)
        {
            throw Malformed.At(cursor.Offset, $"Tensor '{_name}' is nested more than {TensorShape.RankMax} deep.");
        }

        if (_depth >= _rank)
        {
            throw Malformed.At(cursor.Offset, $"Tensor '{_name}' is ragged: a list stands where a single value is expected.");
        }

        _counts[_depth++] = 0;
    }

    private void Close(scoped in JsonCursor cursor)
    {
        _depth--;
        long count = _counts[_depth];
        if (count == 0)
        {
            CheckRank(_depth + 1, cursor);
        }

        if (_sizes[_depth] != Unknown && _sizes[_depth] != count)
        {
            throw Malformed.At(cursor.Offset, $"Tensor '{_name}' is ragged: a list of {count} stands where {_sizes[_depth]} are expected.");
        }

        _sizes[_depth] = count;
    }

    private void TakeElement(scoped in JsonCursor cursor)
    {
        ElementType type = TypeOf(cursor);
        CountOne();
        CheckRank(_depth, cursor);
        if (cursor.Token == JsonTokenType.String)
        {
            _textByteCount += cursor.Text.Length;
        }
        else
        {
            _hasOthers = true;
        }

        _type = _type is ElementType before && before != type ? Join(before, type, cursor) : type;
    }

    /// <summary>The type of elements of two types: strings may be <c>"NaN"</c> too, and integers fractions.</summary>
    private readonly ElementType Join(ElementType before, ElementType type, scoped in JsonCursor cursor)
    {
        if (before == ElementType.Bool || type == ElementType.Bool)
        {
            throw Malformed.At(cursor.Offset, $"Tensor '{_name}' mixes booleans and {(before == ElementType.Str || type == ElementType.Str ? "strings" : "numbers")}.");
        }

        if (before != ElementType.Str && type != ElementType.Str)
        {
            return ElementType.F32;
        }

        return !_hasOthers
            ? ElementType.Str
            : throw Malformed.At(cursor.Offset, $"Tensor '{_name}' mixes strings and numbers; among numbers, allowed are the strings NaN, Infinity, -Infinity. Here is {Found(cursor)}.");
    }

    private readonly void CountOne()
    {
        if (_depth > 0)
        {
            _counts[_depth - 1]++;
        }
    }

    private void CheckRank(int rank, scoped in JsonCursor cursor)
    {
        _rank ??= rank;
        if (_rank != rank)
        {
            throw Malformed.At(cursor.Offset, $"Tensor '{_name}' is ragged: nested {rank} deep here and {_rank} deep before.");
        }
    }

    private readonly ElementType TypeOf(scoped in JsonCursor cursor)
    {
        switch (cursor.Token)
        {
            case JsonTokenType.True or JsonTokenType.False:
                return ElementType.Bool;
            case JsonTokenType.Number when cursor.Text.Length <= JsonTensorReader.NumberByteCountMax:
                return cursor.Text.IndexOfAny(".eE"u8) < 0 ? ElementType.I64 : ElementType.F32;
            case JsonTokenType.Number:
                throw Malformed.At(cursor.Offset, $"A number of tensor '{_name}' has {cursor.Text.Length} digits; at most {JsonTensorReader.NumberByteCountMax} are allowed.");
            case JsonTokenType.String when JsonNonFinite.TryParse(cursor, out _):
                return ElementType.F32;
            case JsonTokenType.String:
                return ElementType.Str;
            default:
                throw Malformed.At(cursor.Offset, $"Tensor '{_name}' has a {cursor.Token}; allowed are numbers, booleans and strings.");
        }
    }

    private static string Found(scoped in JsonCursor cursor) =>
        cursor.Token == JsonTokenType.String ? $"the string \"{cursor.Excerpt()}\"" : $"the number {cursor.Excerpt()}";
}
