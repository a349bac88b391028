using System.Buffers.Text;
using System.Text;

namespace EmbedStore.Tensors;

/// <summary>Reads the Python literals an npy header is made of: strings without escapes, booleans and tuples of integers.</summary>
internal ref struct PythonLiteral
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly int _origin;
    private readonly bool _longSuffixes;
    private int _position;

    /// <param name="text">ASCII.</param>
    /// <param name="origin">Where it begins in the body. Unit: bytes.</param>
    /// <param name="longSuffixes">Accept Python 2's <c>3L</c>.</param>
    public PythonLiteral(ReadOnlySpan<byte> text, int origin, bool longSuffixes)
    {
        _text = text;
        _origin = origin;
        _longSuffixes = longSuffixes;
    }

    /// <summary>Place of the next token. Unit: bytes from the beginning of the body.</summary>
    public int Offset
    {
        get
        {
            SkipSpace();
            return _origin + _position;
        }
    }

    /// <summary>True when all that is left is white space.</summary>
    public bool AtEnd => Offset == _origin + _text.Length;

    /// <summary>Takes a token if it stands here.</summary>
    public bool TryTake(ReadOnlySpan<byte> token)
    {
        SkipSpace();
        bool found = _text[_position..].StartsWith(token);
        _position += found ? token.Length : 0;
        return found;
    }

    /// <summary>Takes a token or refuses.</summary>
    public void Take(ReadOnlySpan<byte> token)
    {
        if (!TryTake(token))
        {
            throw Malformed.At(Offset, $"The npy header must have {Encoding.ASCII.GetString(token)} here; found {Rest()}.");
        }
    }

    /// <summary>Takes <c>'text'</c> or <c>"text"</c>.</summary>
    public string TakeString(string what)
    {
        byte quote = TryTake("'"u8) ? (byte)'\'' : (byte)'"';
        if (quote == '"' && !TryTake("\""u8))
        {
            throw Malformed.At(Offset, $"The npy header must have a string as {what}; found {Rest()}.");
        }

        int length = _text[_position..].IndexOf(quote);
        ReadOnlySpan<byte> content = length < 0 ? _text[_position..] : _text.Slice(_position, length);
        if (length < 0 || content.IndexOfAny((byte)'\\', (byte)'\n') >= 0)
        {
            throw Malformed.At(_origin + _position, $"A string in the npy header has no end, a line break or an escape: {Rest()}.");
        }

        _position += length + 1;
        return Encoding.ASCII.GetString(content);
    }

    /// <summary>Takes <c>True</c> or <c>False</c>; 0 and 1 are not booleans.</summary>
    public bool TakeBoolean(string what)
    {
        if (TryTake("True"u8))
        {
            return true;
        }

        return TryTake("False"u8) ? false : throw Malformed.At(Offset, $"{what} must be True or False; found {Rest()}.");
    }

    /// <summary>Takes <c>()</c>, <c>(3,)</c>, <c>(2, 3)</c>: a single size needs its comma, or it is no tuple.</summary>
    public long[] TakeSizes()
    {
        int begin = Offset;
        var sizes = new List<long>();
        Take("("u8);
        bool comma = true;
        while (!TryTake(")"u8))
        {
            if (!comma)
            {
                throw Malformed.At(Offset, $"The npy shape must be a tuple of integers; found {Rest()}.");
            }

            sizes.Add(TakeSize());
            comma = TryTake(","u8);
        }

        if (sizes.Count == 1 && !comma)
        {
            throw Malformed.At(begin, $"The npy shape must be a tuple: ({sizes[0]},) and not ({sizes[0]}).");
        }

        return sizes.Count <= TensorShape.RankMax
            ? [.. sizes]
            : throw Malformed.At(begin, $"The npy shape has {sizes.Count} dimensions; at most {TensorShape.RankMax} are allowed.");
    }

    /// <summary>What stands here, for messages.</summary>
    public readonly string Rest() => _position == _text.Length ? "the end" : $"\"{Encoding.ASCII.GetString(_text.Slice(_position, Math.Min(20, _text.Length - _position)))}\"";

    private long TakeSize()
    {
        SkipSpace();
        ReadOnlySpan<byte> rest = _text[_position..];
        bool leadingZero = rest is [(byte)'0', >= (byte)'0' and <= (byte)'9', ..];
        if (rest is [] or [not (>= (byte)'0' and <= (byte)'9'), ..] || leadingZero || !Utf8Parser.TryParse(rest, out long size, out int length))
        {
            throw Malformed.At(_origin + _position, $"A size of the npy shape must be an integer in [0, {long.MaxValue}]; found {Rest()}.");
        }

        _position += length;
        if (_longSuffixes && _text[_position..] is [(byte)'L', ..])
        {
            _position++;
        }

        return size;
    }

    private void SkipSpace()
    {
        int length = _text[_position..].IndexOfAnyExcept(" \t\f\r\n"u8);
        _position = length < 0 ? _text.Length : _position + length;
    }
}
