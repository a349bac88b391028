using System.Globalization;
using System.Text.RegularExpressions;

namespace EmbedStore.Http.Tests;

/// <summary>Keys are found by their hashes alone, and patterns match what they say.</summary>
public sealed class KeyRingTests
{
    [Fact]
    public void Find_EachOfTheMostKeys_GivesItsOwnGrantTheFirstTimeAndLater()
    {
        (string Key, KeyOptions Options)[] keys = [.. Enumerable.Range(0, KeyOptions.CountMax).Select(static _ => AccessKey.New()).Select(static key => (key, new KeyOptions { Hash = KeyHash.Of(key).ToString() }))];
        var ring = new KeyRing(keys.Select(static (key, i) => (Name: NameOf(i), key.Options)).ToDictionary(static key => key.Name, static key => key.Options));
        for (int round = 0; round < 3; round++)
        {
            Parallel.For(0, keys.Length, i =>
            {
                Assert.Equal(NameOf(i), ring.Find(keys[i].Key)?.KeyName);
                Assert.Null(ring.Find(AccessKey.New()));
                Assert.Null(ring.Find(keys[i].Key.AsSpan(1)));
            });
        }

        static string NameOf(int i) => i.ToString("D3", CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("ü-öööööööööööööööööööööööööööööööööööööööööööööö")]
    public void Find_WhatCannotBeAKey_FindsNone(string text) =>
        Assert.Null(new KeyRing(new Dictionary<string, KeyOptions> { ["a"] = new() { Hash = KeyHash.Of(AccessKey.New()).ToString() } }).Find(text));

    [Fact]
    public void New_Keys_DifferAndCanBeSent()
    {
        string[] keys = [.. Enumerable.Range(0, 100).Select(static _ => AccessKey.New())];
        Assert.Equal(100, keys.Distinct().Count());
        Assert.All(keys, static key => Assert.True(AccessKey.IsOne(key) && key.Length == "esk_".Length + 43));
    }

    [Fact]
    public void Hash_OfOneKey_DiffersEachTimeAndIsOfThatKey()
    {
        string key = AccessKey.New();
        Assert.NotEqual(KeyHash.Of(key).ToString(), KeyHash.Of(key).ToString());
        Assert.True(KeyHash.TryParse(KeyHash.Of(key).ToString(), out KeyHash? hash));
        Assert.True(hash.IsOf(System.Text.Encoding.ASCII.GetBytes(key)));
        Assert.False(hash.IsOf(System.Text.Encoding.ASCII.GetBytes(AccessKey.New())));
    }

    /// <summary>Made by hashlib of Python: sha256(bytes(range(16)) + b'k' * 32).</summary>
    [Fact]
    public void Hash_IsSha256OfSaltAndKey()
    {
        Assert.True(KeyHash.TryParse("sha256:AAECAwQFBgcICQoLDA0ODw:is4zLppBfmVNhCyKxxnxQP2oX5Gtk6s5z8r_bGwnaJU", out KeyHash? hash));
        Assert.True(hash.IsOf(new string('k', 32).Select(static letter => (byte)letter).ToArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256")]
    [InlineData("sha256:AAECAwQFBgcICQoLDA0ODw:AAAA")]
    [InlineData("sha512:AAECAwQFBgcICQoLDA0ODw:is4zLppBfmVNhCyKxxnxQP2oX5Gtk6s5z8r_bGwnaJU")]
    [InlineData("sha256:AAECAwQFBgcICQoLDA0O:is4zLppBfmVNhCyKxxnxQP2oX5Gtk6s5z8r_bGwnaJU")]
    [InlineData("sha256:AAECAwQFBgcICQoLDA0OD!:is4zLppBfmVNhCyKxxnxQP2oX5Gtk6s5z8r_bGwnaJU")]
    [InlineData("sha256:AAECAwQFBgcICQoLDA0ODw:is4zLppBfmVNhCyKxxnxQP2oX5Gtk6s5z8r_bGwnaJU:")]
    public void Hash_OfAnotherForm_IsNone(string text) => Assert.False(KeyHash.TryParse(text, out _));

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    public void Patterns_MatchWhatARegularExpressionDoes(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            string text = Word(random, "ab*", random.Next(1, 8));
            string name = Word(random, "ab", random.Next(1, 10));
            Assert.True(TablePatterns.TryParse(text, out TablePatterns? patterns));
            bool expected = Regex.IsMatch(name, "^" + text.Replace("*", ".*", StringComparison.Ordinal) + "$");
            Assert.True(expected == patterns.Covers(name), $"'{text}' and '{name}'");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("a,")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a?")]
    public void Patterns_OfAnotherForm_AreNone(string text) => Assert.False(TablePatterns.TryParse(text, out _));

    [Fact]
    public void Patterns_AreAtMost64_OfAtMost128Letters()
    {
        Assert.True(TablePatterns.TryParse(string.Join(',', Enumerable.Repeat("a", 64)), out _));
        Assert.False(TablePatterns.TryParse(string.Join(',', Enumerable.Repeat("a", 65)), out _));
        Assert.True(TablePatterns.TryParse(new string('a', 128), out _));
        Assert.False(TablePatterns.TryParse(new string('a', 129), out _));
    }

    private static string Word(Random random, string letters, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)]));
}
