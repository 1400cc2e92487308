using System.Globalization;
using System.Text;

namespace PtaKernels.Text;

/// <summary>What the patterns ask of a character.</summary>
[Flags]
internal enum CharacterClass : byte
{
    None = 0,

    /// <summary>\p{L}.</summary>
    Letter = 1,

    /// <summary>\p{N}.</summary>
    Number = 2,

    /// <summary>\s: Unicode's White_Space.</summary>
    Space = 4,

    /// <summary>[\r\n].</summary>
    LineEnd = 8,

    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}].</summary>
    Upper = 16,

    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}].</summary>
    Lower = 32,
}

/// <summary>Classes by code point, read from valid UTF-8.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] Table = [.. Enumerable.Range(0, 0x10000).Select(static c => Rune.IsValid(c) ? Compute(new Rune(c)) : CharacterClass.None)];

    /// <summary>The class of the character at a place of valid UTF-8 and its length in bytes.</summary>
    public static CharacterClass Read(ReadOnlySpan<byte> text, int position, out int length)
    {
        int first = text[position];
        if (first < 0x80)
        {
            length = 1;
            return Table[first];
        }

        if (first < 0xE0)
        {
            length = 2;
            return Table[(first & 0x1F) << 6 | (text[position + 1] & 0x3F)];
        }

        if (first < 0xF0)
        {
            length = 3;
            return Table[(first & 0x0F) << 12 | (text[position + 1] & 0x3F) << 6 | (text[position + 2] & 0x3F)];
        }

        length = 4;
        return Compute(new Rune((first & 0x07) << 18 | (text[position + 1] & 0x3F) << 12 | (text[position + 2] & 0x3F) << 6 | (text[position + 3] & 0x3F)));
    }

    /// <summary>Where the run of characters that have any of the classes ends.</summary>
    public static int EndOfRun(ReadOnlySpan<byte> text, int position, CharacterClass any)
    {
        while (position < text.Length && (Read(text, position, out int length) & any) != 0)
            position += length;
        return position;
    }

    /// <summary>Where the run of characters that have none of the classes ends.</summary>
    public static int EndOfRunWithout(ReadOnlySpan<byte> text, int position, CharacterClass none)
    {
        while (position < text.Length && (Read(text, position, out int length) & none) == 0)
            position += length;
        return position;
    }

    private static CharacterClass Compute(Rune character)
    {
        CharacterClass space = Rune.IsWhiteSpace(character) ? CharacterClass.Space : CharacterClass.None;
        if (character.Value is '\r' or '\n')
            space |= CharacterClass.LineEnd;
        return space | Rune.GetUnicodeCategory(character) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharacterClass.Letter | CharacterClass.Upper,
            UnicodeCategory.LowercaseLetter => CharacterClass.Letter | CharacterClass.Lower,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Letter | CharacterClass.Upper | CharacterClass.Lower,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => CharacterClass.Upper | CharacterClass.Lower,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
            _ => CharacterClass.None,
        };
    }
}
