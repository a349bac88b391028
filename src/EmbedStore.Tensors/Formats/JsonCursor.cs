using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace EmbedStore.Tensors;

/// <summary>A <see cref="Utf8JsonReader"/> whose every fault is a refusal with its offset. Copies read on independently.</summary>
internal ref struct JsonCursor
{
    private const int ExcerptByteCountMax = 40;

    private readonly ReadOnlySpan<byte> _utf8;
    private readonly long _origin;
    private Utf8JsonReader _reader;

    /// <param name="utf8">Exactly one JSON value, and white space.</param>
    /// <param name="origin">Where it begins in the body. Unit: bytes.</param>
    /// <param name="depthMax">Lists and objects within each other.</param>
    public JsonCursor(ReadOnlySpan<byte> utf8, long origin, int depthMax)
    {
        _utf8 = utf8;
        _origin = origin;
        CheckUtf8(utf8, origin);
        _reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = depthMax });
    }

    /// <summary>Kind of the current token.</summary>
    public readonly JsonTokenType Token => _reader.TokenType;

    /// <summary>Where the current token begins. Unit: bytes from the beginning of the body.</summary>
    public readonly long Offset => _origin + _reader.TokenStartIndex;

    /// <summary>The current token as it stands in the text, without quotes.</summary>
    public readonly ReadOnlySpan<byte> Text => _reader.ValueSpan;

    /// <summary>True when the current string, unescaped, is <paramref name="text"/>.</summary>
    public readonly bool StringEquals(ReadOnlySpan<byte> text)
    {
        try
        {
            return _reader.ValueTextEquals(text);
        }
        catch (InvalidOperationException)
        {
            throw HalfSurrogatePair();
        }
    }

    /// <summary>Goes to the next token; false after the last.</summary>
    public bool Read()
    {
        try
        {
            return _reader.Read();
        }
        catch (JsonException e)
        {
            throw Malformed.At(_origin + PositionOf(e), $"The JSON is not valid: {e.Message}");
        }
    }

    /// <summary>Refuses a current token that is not <paramref name="token"/>.</summary>
    /// <param name="token">What may stand here.</param>
    /// <param name="what">Subject of the message: <c>The shape of tensor 'w'</c>.</param>
    public readonly void Expect(JsonTokenType token, string what)
    {
        if (Token != token)
        {
            throw Malformed.At(Offset, $"{what} must be {NameOf(token)}; found {NameOf(Token)}.");
        }
    }

    /// <summary>Goes to the next token and refuses one that is not <paramref name="token"/>.</summary>
    public void Read(JsonTokenType token, string what)
    {
        Read();
        Expect(token, what);
    }

    /// <summary>Goes to the next key of an object; false at the object's end.</summary>
    /// <param name="keys">Keys seen so far in this object: a repeated one is refused.</param>
    /// <param name="key">The key, unescaped.</param>
    public bool ReadKey(HashSet<string> keys, out string key)
    {
        Read();
        key = "";
        if (Token == JsonTokenType.EndObject)
        {
            return false;
        }

        key = AddKey(keys);
        return true;
    }

    /// <summary>The current string or key, unescaped.</summary>
    public readonly string GetString()
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw HalfSurrogatePair();
        }
    }

    /// <summary>The beginning of <see cref="Text"/>, for messages.</summary>
    public readonly string Excerpt() => Encoding.UTF8.GetString(Text[..Math.Min(ExcerptByteCountMax, Text.Length)]);

    /// <summary>Writes the current string, unescaped.</summary>
    /// <param name="utf8">At least as long as <see cref="Text"/>.</param>
    /// <returns>Unit: bytes.</returns>
    public readonly int CopyString(Span<byte> utf8)
    {
        try
        {
            return _reader.CopyString(utf8);
        }
        catch (InvalidOperationException)
        {
            throw HalfSurrogatePair();
        }
    }

    /// <summary>Goes to the next value, a list of counts, and to its end.</summary>
    /// <param name="countMax">Unit: numbers.</param>
    /// <param name="what">Subject of the message.</param>
    public long[] ReadCounts(int countMax, string what)
    {
        var counts = new List<long>(countMax);
        Read(JsonTokenType.StartArray, what);
        while (Read() && Token != JsonTokenType.EndArray)
        {
            Expect(JsonTokenType.Number, what);
            if (!long.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            {
                throw Malformed.At(Offset, $"{what} has {Encoding.ASCII.GetString(Text)}; allowed are integers in [0, {long.MaxValue}].");
            }

            if (counts.Count == countMax)
            {
                throw Malformed.At(Offset, $"{what} has more than {countMax} numbers.");
            }

            counts.Add(count);
        }

        return [.. counts];
    }

    /// <summary>Goes to the next value and to its end, refusing repeated keys and broken strings on the way.</summary>
    /// <returns>The value's text.</returns>
    public ReadOnlySpan<byte> ReadWhole()
    {
        Read();
        int begin = (int)_reader.TokenStartIndex;
        int depth = _reader.CurrentDepth;
        var keys = new Stack<HashSet<string>>();
        for (; ; Read())
        {
            switch (Token)
            {
                case JsonTokenType.StartObject: keys.Push([]); break;
                case JsonTokenType.EndObject: keys.Pop(); break;
                case JsonTokenType.String: GetString(); break;
                case JsonTokenType.PropertyName: AddKey(keys.Peek()); break;
            }

            if (_reader.CurrentDepth == depth && Token is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            {
                return _utf8[begin..(int)_reader.BytesConsumed];
            }
        }
    }

    private readonly string AddKey(HashSet<string> keys)
    {
        string key = GetString();
        if (!keys.Add(key))
        {
            throw Malformed.At(Offset, $"The key '{key}' stands twice in one object.");
        }

        return key;
    }

    // The reader checks escapes only when it unescapes.
    private readonly EmbedStoreException HalfSurrogatePair() => Malformed.At(Offset, "A string has half a surrogate pair.");

    private static void CheckUtf8(ReadOnlySpan<byte> utf8, long origin)
    {
        if (Utf8.IsValid(utf8))
        {
            return;
        }

        int position = 0;
        while (Rune.DecodeFromUtf8(utf8[position..], out _, out int byteCount) == System.Buffers.OperationStatus.Done)
        {
            position += byteCount;
        }

        throw Malformed.At(origin + position, "The JSON is not UTF-8.");
    }

    // The reader knows line and column; a body has offsets.
    private readonly long PositionOf(JsonException e)
    {
        int lineStart = 0;
        for (long line = e.LineNumber ?? 0; line > 0; line--)
        {
            lineStart += _utf8[lineStart..].IndexOf((byte)'\n') + 1;
        }

        return Math.Min(_utf8.Length, lineStart + (e.BytePositionInLine ?? 0));
    }

    private static string NameOf(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        JsonTokenType.Null => "null",
        _ => "nothing",
    };
}
