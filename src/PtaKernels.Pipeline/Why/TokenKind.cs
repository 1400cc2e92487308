using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace PtaKernels.Pipeline;

/// <summary>What a token is, by its text and what stands before it.</summary>
internal enum TokenKind
{
    /// <summary>Letters that begin a word: behind a space, or behind what is no letter.</summary>
    WordStart,

    /// <summary>Letters that go on with a word.</summary>
    Continuation,

    /// <summary>Digits.</summary>
    Digits,

    /// <summary>Punctuation of sentences.</summary>
    Punctuation,

    /// <summary>Other punctuation and symbols: brackets, operators, quotes of code.</summary>
    CodeSymbol,

    /// <summary>Nothing but spaces and line ends.</summary>
    Whitespace,

    /// <summary>Letters, digits and symbols together.</summary>
    Mixed,

    /// <summary>Bytes that are no whole characters.</summary>
    CharacterPart,

    /// <summary>No text: begin and end of sequence, and an encoder's own prefix.</summary>
    NoText,
}

/// <summary>Tells tokens apart.</summary>
internal static class TokenKinds
{
    private static readonly SearchValues<char> Sentence = SearchValues.Create(".,;:!?'\"-–—…‘’“”«»()");

    /// <summary>In words, for tables.</summary>
    public static string NameOf(TokenKind kind) => kind switch
    {
        TokenKind.WordStart => "word start",
        TokenKind.Continuation => "word continued",
        TokenKind.Digits => "digits",
        TokenKind.Punctuation => "punctuation",
        TokenKind.CodeSymbol => "code symbol",
        TokenKind.Whitespace => "whitespace",
        TokenKind.Mixed => "mixed",
        TokenKind.CharacterPart => "part of a character",
        _ => "no text",
    };

    /// <summary>The kind of a token.</summary>
    /// <param name="bytes">Its UTF-8 bytes.</param>
    /// <param name="before">Those of the token before it; empty at the start.</param>
    public static TokenKind Of(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> before)
    {
        if (bytes.IsEmpty)
            return TokenKind.NoText;
        if (!Utf8.IsValid(bytes))
            return TokenKind.CharacterPart;
        string text = Encoding.UTF8.GetString(bytes), word = text.TrimStart();
        if (word.Length == 0)
            return TokenKind.Whitespace;
        Rune[] runes = [.. word.EnumerateRunes()];
        if (Array.TrueForAll(runes, Rune.IsLetter))
            return word.Length < text.Length || !EndsInLetter(before) ? TokenKind.WordStart : TokenKind.Continuation;
        if (Array.TrueForAll(runes, Rune.IsDigit))
            return TokenKind.Digits;
        if (!word.ContainsAnyExcept(Sentence))
            return TokenKind.Punctuation;
        return Array.Exists(runes, static r => Rune.IsLetterOrDigit(r)) ? TokenKind.Mixed : TokenKind.CodeSymbol;
    }

    private static bool EndsInLetter(ReadOnlySpan<byte> bytes) => Rune.DecodeLastFromUtf8(bytes, out Rune last, out _) == OperationStatus.Done && Rune.IsLetter(last);
}
