using System.Globalization;

namespace EmbedStore.Tensors;

/// <summary>Reads the grammar of API section 2. White space between tokens means nothing.</summary>
/// <remarks>Every refusal is <see cref="ErrorCode.MalformedSubscript"/> with the zero-based <c>column</c> where reading stopped.</remarks>
public ref struct SubscriptParser
{
    /// <summary>Longest text that is read. Unit: characters.</summary>
    public const int LengthMax = 4096;

    /// <summary>Most items one subscript may have: each dimension once, and as many new axes again.</summary>
    public const int ItemCountMax = 2 * TensorShape.RankMax;

    private readonly ReadOnlySpan<char> _text;
    private int _column;

    private SubscriptParser(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Parses <c>[item, ...]</c>.</summary>
    /// <exception cref="EmbedStoreException"><see cref="ErrorCode.MalformedSubscript"/>.</exception>
    public static Subscript Parse(ReadOnlySpan<char> text)
    {
        var parser = new SubscriptParser(text);
        if (text.Length > LengthMax)
        {
            throw parser.Malformed($"A subscript has at most {LengthMax} characters; this one has {text.Length}.");
        }

        return parser.ReadSubscript();
    }

    private Subscript ReadSubscript()
    {
        var items = new List<SubscriptItem>();
        Expect('[');
        do
        {
            if (items.Count > 0 && Peek() == ']')
            {
                break;
            }

            if (items.Count == ItemCountMax)
            {
                throw Malformed($"A subscript has at most {ItemCountMax} items.");
            }

            items.Add(ReadItem(items));
        }
        while (TryTake(','));

        Expect(']');
        Peek();
        if (_column < _text.Length)
        {
            throw Malformed($"Nothing may follow the closing bracket; found '{_text[_column]}'.");
        }

        return new Subscript(items);
    }

    private SubscriptItem ReadItem(List<SubscriptItem> before)
    {
        char next = Peek();
        if (next == '.')
        {
            return ReadEllipsis(before);
        }

        return char.IsAsciiLetter(next) || next == '_' ? ReadNamed() : ReadIntegerOrSlice();
    }

    private EllipsisItem ReadEllipsis(List<SubscriptItem> before)
    {
        int column = _column;
        if (!_text[column..].StartsWith("..."))
        {
            throw Malformed("Expected '...'.");
        }

        if (before.Any(static item => item is EllipsisItem))
        {
            throw Malformed("A subscript has at most one '...'.");
        }

        _column += 3;
        return new EllipsisItem(column);
    }

    private SubscriptItem ReadNamed()
    {
        int column = _column;
        string name = ReadName();
        return name switch
        {
            "None" => new NewAxisItem(column),
            "True" => new BooleanItem(column, true),
            "False" => new BooleanItem(column, false),
            "argmax" when TryTake('(') => ReadArgmax(column),
            _ => new TensorItem(column, name),
        };
    }

    private ArgmaxItem ReadArgmax(int column)
    {
        Peek();
        int nameColumn = _column;
        string name = ReadName();
        if (name is "None" or "True" or "False")
        {
            throw Malformed("Expected the name of a tensor.", nameColumn);
        }

        long? dimension = null;
        if (TryTake(','))
        {
            Peek();
            int at = _column;
            dimension = ReadInteger(out bool saturated) ?? throw Malformed("Expected the dimension of argmax.");
            if (saturated)
            {
                throw Malformed("A dimension fits 64 bits.", at);
            }
        }

        Expect(')');
        return new ArgmaxItem(column, name, dimension);
    }

    private string ReadName()
    {
        int start = _column;
        while (_column < _text.Length && (char.IsAsciiLetterOrDigit(_text[_column]) || _text[_column] == '_'))
        {
            _column++;
        }

        if (_column == start || char.IsAsciiDigit(_text[start]))
        {
            throw Malformed("Expected the name of a tensor.", start);
        }

        return _text[start.._column].ToString();
    }

    private SubscriptItem ReadIntegerOrSlice()
    {
        Peek();
        int column = _column;
        long? start = ReadInteger(out bool saturated);
        if (!TryTake(':'))
        {
            return start is { } value && !saturated
                ? new IntegerItem(column, value)
                : throw Malformed(saturated ? "An index fits 64 bits." : "Expected an integer, a slice, '...', None, True, False or the name of a tensor.", column);
        }

        long? stop = ReadInteger(out _);
        long? step = TryTake(':') ? ReadInteger(out _) : null;
        return step == 0 ? throw Malformed("A slice's step is not zero.", column) : new SliceItem(column, start, stop, step);
    }

    /// <summary>Reads an optional sign and decimal digits, <c>1_000</c> included.</summary>
    /// <param name="saturated">The digits exceed 64 bits, and the nearest int64 is returned: what a slice bound means by them.</param>
    /// <returns>Null when no integer stands here.</returns>
    private long? ReadInteger(out bool saturated)
    {
        saturated = false;
        bool negative = Peek() == '-';
        int start = _column;
        if (negative || Peek() == '+')
        {
            _column++;
            Peek();
        }

        int digits = _column;
        while (_column < _text.Length && (char.IsAsciiDigit(_text[_column]) || (_text[_column] == '_' && IsBetweenDigits())))
        {
            _column++;
        }

        if (_column == digits)
        {
            return _column == start ? null : throw Malformed("Expected digits after the sign.");
        }

        string text = _text[digits.._column].ToString().Replace("_", "", StringComparison.Ordinal);
        if (long.TryParse((negative ? "-" : "") + text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            return value;
        }

        saturated = true;
        return negative ? long.MinValue : long.MaxValue;
    }

    private readonly bool IsBetweenDigits() =>
        _column + 1 < _text.Length && char.IsAsciiDigit(_text[_column - 1]) && char.IsAsciiDigit(_text[_column + 1]);

    /// <summary>Skips white space. The next character, or NUL at the end.</summary>
    private char Peek()
    {
        while (_column < _text.Length && char.IsWhiteSpace(_text[_column]))
        {
            _column++;
        }

        return _column < _text.Length ? _text[_column] : '\0';
    }

    private bool TryTake(char expected)
    {
        if (Peek() != expected)
        {
            return false;
        }

        _column++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!TryTake(expected))
        {
            throw Malformed(_column < _text.Length ? $"Expected '{expected}', found '{_text[_column]}'." : $"Expected '{expected}', found the end.");
        }
    }

    private readonly EmbedStoreException Malformed(string message, int? column = null)
    {
        int at = column ?? _column;
        return new EmbedStoreException(ErrorCode.MalformedSubscript, FormattableString.Invariant($"{message} (column {at})"), new Fact("column", at));
    }
}
