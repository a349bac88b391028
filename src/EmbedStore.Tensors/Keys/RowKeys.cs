using System.Numerics;
using System.Text;
using System.Text.Unicode;

namespace EmbedStore.Tensors;

/// <summary>Keys of rows: strings as UTF-8, somewhere in memory that they view and do not own.</summary>
/// <remarks>Whatever came from outside may be in it: see <see cref="IsKey"/>. Keys are compared by their bytes, without normalization. Immutable as long as the memory is.</remarks>
public sealed class RowKeys
{
    /// <summary>Longest key. Unit: bytes of UTF-8.</summary>
    public const int KeyByteCountMax = 512;

    /// <summary>Widest key of a file of <see cref="OfPadded"/> keys, with its zeros. Unit: bytes.</summary>
    public const int PaddedByteCountMax = 1 << 16;

    /// <summary>What a key is, in words.</summary>
    public const string Rule = "a key is 1 to 512 bytes of UTF-8 without U+0000";

    /// <summary>No keys.</summary>
    public static readonly RowKeys Empty = new(default, default);

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly ReadOnlyMemory<KeyRange> _ranges;

    /// <summary>Views keys.</summary>
    /// <param name="bytes">Where they are.</param>
    /// <param name="ranges">Shape [n]. Each lies within <paramref name="bytes"/>.</param>
    public RowKeys(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<KeyRange> ranges)
    {
        _bytes = bytes;
        _ranges = ranges;
    }

    /// <summary>Number of keys.</summary>
    public int Count => _ranges.Length;

    /// <summary>Of all keys, repeats included. Unit: bytes.</summary>
    public long ByteCount
    {
        get
        {
            long byteCount = 0;
            foreach (KeyRange range in _ranges.Span)
            {
                byteCount += range.Length;
            }

            return byteCount;
        }
    }

    /// <summary>Of the longest key; 0 for none. Unit: bytes.</summary>
    public int ByteCountMax
    {
        get
        {
            int longest = 0;
            foreach (KeyRange range in _ranges.Span)
            {
                longest = Math.Max(longest, range.Length);
            }

            return longest;
        }
    }

    /// <summary>Bytes of one key.</summary>
    public ReadOnlySpan<byte> this[int place]
    {
        get
        {
            KeyRange range = _ranges.Span[place];
            return _bytes.Span.Slice(range.Begin, range.Length);
        }
    }

    /// <summary>Copies strings.</summary>
    public static RowKeys Of(params ReadOnlySpan<string> keys)
    {
        var copies = new RowKeysBuilder();
        foreach (string key in keys)
        {
            copies.Add(Encoding.UTF8.GetBytes(key));
        }

        return copies.Take();
    }

    /// <summary>Views keys of one width, filled up with zeros at the end: NumPy's <c>S</c>.</summary>
    /// <param name="bytes">Shape [n, <paramref name="width"/>].</param>
    /// <param name="width">Unit: bytes. At least 1.</param>
    /// <param name="arrays">What the ranges live in. Null: new arrays.</param>
    public static RowKeys OfPadded(ReadOnlyMemory<byte> bytes, int width, ArraySource? arrays = null)
    {
        ReadOnlySpan<byte> source = bytes.Span;
        Memory<KeyRange> ranges = (arrays ?? ArraySource.Heap).Rent<KeyRange>(source.Length / width);
        for (int i = 0; i < ranges.Length; i++)
        {
            ranges.Span[i] = new KeyRange(i * width, source.Slice(i * width, width).LastIndexOfAnyExcept((byte)0) + 1);
        }

        return new RowKeys(bytes, ranges);
    }

    /// <summary>True for what may name a row: see <see cref="Rule"/>. Without zeros every key reads back from bytes that are filled up with them.</summary>
    public static bool IsKey(ReadOnlySpan<byte> key) => key.Length is > 0 and <= KeyByteCountMax && !key.Contains((byte)0) && Utf8.IsValid(key);

    /// <summary>Place of the first that is no key, or -1.</summary>
    public int FirstInvalid()
    {
        for (int i = 0; i < Count; i++)
        {
            if (!IsKey(this[i]))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Writes keys of one width, filled up with zeros at the end.</summary>
    /// <param name="first">The first that is written.</param>
    /// <param name="target">Shape [n, <paramref name="width"/>]: as many keys as fit.</param>
    /// <param name="width">No key is longer. Unit: bytes.</param>
    public void CopyPadded(int first, Span<byte> target, int width)
    {
        target.Clear();
        for (int i = 0; i < target.Length / width; i++)
        {
            this[first + i].CopyTo(target[(i * width)..]);
        }
    }

    /// <summary>One key as text; broken UTF-8 shows as U+FFFD.</summary>
    public string TextOf(int place) => Encoding.UTF8.GetString(this[place]);

    /// <summary>A run of the keys, over the same memory.</summary>
    public RowKeys Slice(int first, int count) => new(_bytes, _ranges.Slice(first, count));

    /// <summary>Keys by their places, over the same memory.</summary>
    /// <param name="places">Shape [n].</param>
    /// <param name="arrays">What the ranges live in. Null: new arrays.</param>
    public RowKeys Pick<T>(ReadOnlySpan<T> places, ArraySource? arrays = null)
        where T : unmanaged, IBinaryInteger<T>
    {
        Memory<KeyRange> picked = (arrays ?? ArraySource.Heap).Rent<KeyRange>(places.Length);
        Span<KeyRange> target = picked.Span;
        ReadOnlySpan<KeyRange> ranges = _ranges.Span;
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = ranges[int.CreateChecked(places[i])];
        }

        return new RowKeys(_bytes, picked);
    }
}

/// <summary>Where one key lies.</summary>
/// <param name="Begin">Unit: bytes.</param>
/// <param name="Length">Unit: bytes.</param>
public readonly record struct KeyRange(int Begin, int Length);
