using System.Buffers;
using System.Text;

namespace PtaKernels.Text;

/// <summary>SentencePiece's normaliser: replacement of characters, white space, the space before the text, and the map back to the original (SPEC A3.1).</summary>
/// <remarks>
/// The result is byte for byte the library's. The map is finer than the library's where a character stands for itself (each of its bytes is its own), and
/// deleted characters belong to what follows, not to what precedes: where a token ends, its last character's end is, and the next token begins there. Characters
/// deleted at the end belong to the last token.
/// </remarks>
internal sealed class SentencePieceNormalizer
{
    private static readonly SearchValues<byte> SpaceOrMultiByte = SearchValues.Create([(byte)' ', .. Enumerable.Range(0x80, 0x80).Select(static b => (byte)b)]);

    private readonly CharacterMap? _map;
    private readonly PieceTrie? _userDefined;
    private readonly bool _prefix, _prefixOnce, _squeezes, _escapes;

    /// <summary>Takes a model's settings.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="settings">The file's settings.</param>
    /// <param name="userDefined">Pieces that stay as they are, null for none.</param>
    /// <param name="prefixOnce">No space is put before a text that starts with one.</param>
    public SentencePieceNormalizer(string file, SentencePieceModel.Normalizer settings, PieceTrie? userDefined, bool prefixOnce = false)
    {
        _prefixOnce = prefixOnce;
        _map = CharacterMap.Read(file, settings.CharacterMap);
        _userDefined = userDefined;
        (_prefix, _squeezes, _escapes) = (settings.AddsDummyPrefix, settings.RemovesExtraWhitespaces, settings.EscapesWhitespaces);
    }

    /// <summary>What a space becomes.</summary>
    private ReadOnlySpan<byte> Space => _escapes ? "▁"u8 : " "u8;

    /// <summary>Normalises a text.</summary>
    /// <param name="text">The text; a byte of no character becomes U+FFFD.</param>
    /// <param name="inside">The text is a piece from inside of a longer one: no space is put before it, and none removed at its ends.</param>
    /// <param name="destination">Receives the result; empty where there was nothing but spaces to be removed.</param>
    public void Normalize(ReadOnlySpan<byte> text, bool inside, NormalizedText destination)
    {
        destination.Clear();
        int position = 0;
        bool trims = _squeezes && !inside;
        while (trims && position < text.Length)
        {
            int length = Prefix(text[position..], out ReadOnlySpan<byte> replacement);
            if (!replacement.SequenceEqual(" "u8))
                break;
            position += length;
        }

        if (position == text.Length)
            return;
        if (_prefix && !inside && !(_prefixOnce && (text.StartsWith((byte)' ') || text.StartsWith("▁"u8))))
            destination.Add(Space, position, position);
        if (_map is null && _userDefined is null && !_squeezes)
            Copy(text, destination);
        else
            Replace(text, position, trims, destination);
        // As in the library, a ▁ that the text itself ended with goes as well.
        while (trims && destination.Bytes.EndsWith(Space))
            destination.Truncate(destination.Length - Space.Length);
    }

    private void Replace(ReadOnlySpan<byte> text, int position, bool afterSpace, NormalizedText destination)
    {
        while (position < text.Length)
        {
            int length = Prefix(text[position..], out ReadOnlySpan<byte> replacement);
            if (afterSpace)
                replacement = replacement.TrimStart((byte)' ');
            if (!replacement.IsEmpty)
            {
                Append(replacement, text.Slice(position, length), position, destination);
                afterSpace = _squeezes && replacement[^1] == ' ';
            }

            position += length;
        }
    }

    private void Append(ReadOnlySpan<byte> replacement, ReadOnlySpan<byte> original, int start, NormalizedText destination)
    {
        bool same = replacement.SequenceEqual(original);
        for (int i = 0; i < replacement.Length; i++)
        {
            int end = same ? start + i + 1 : i == replacement.Length - 1 ? start + original.Length : start;
            if (_escapes && replacement[i] == ' ')
                destination.Add("▁"u8, same ? start + i : start, end);
            else
                destination.Add(replacement[i], end);
        }
    }

    /// <summary>Without rules, only spaces and broken characters change.</summary>
    private void Copy(ReadOnlySpan<byte> text, NormalizedText destination)
    {
        int position = 0;
        while (position < text.Length)
        {
            int plain = text[position..].IndexOfAny(SpaceOrMultiByte);
            if (plain < 0)
                plain = text.Length - position;
            destination.Copy(text.Slice(position, plain), position);
            position += plain;
            if (position == text.Length)
                return;
            if (text[position] == ' ')
            {
                destination.Add(Space, position, position + 1);
                position++;
                continue;
            }

            int length = Character(text[position..], out ReadOnlySpan<byte> character);
            if (length == character.Length)
                destination.Copy(character, position);
            else
                destination.Add(character, position, position + length);
            position += length;
        }
    }

    /// <summary>What the text's first characters become, and how many bytes they are.</summary>
    private int Prefix(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        if (_userDefined is not null && _userDefined.LongestPrefix(text, out _) is > 0 and int defined)
        {
            replacement = text[..defined];
            return defined;
        }

        if (_map is not null && _map.LongestPrefix(text, out replacement) is > 0 and int length)
            return length;
        return Character(text, out replacement);
    }

    private static int Character(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> character)
    {
        if (text[0] < 0x80)
        {
            character = text[..1];
            return 1;
        }

        bool whole = Rune.DecodeFromUtf8(text, out _, out int length) == OperationStatus.Done;
        character = whole ? text[..length] : "\uFFFD"u8;
        return whole ? length : 1;
    }
}
