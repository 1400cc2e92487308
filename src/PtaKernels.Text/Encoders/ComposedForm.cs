using System.Globalization;
using System.Text;

namespace PtaKernels.Text;

/// <summary>Unicode's normalisation form C, with the map back to the original.</summary>
internal static class ComposedForm
{
    /// <summary>Appends the composed form of a text.</summary>
    /// <param name="text">Valid UTF-8.</param>
    /// <param name="start">Where it stands in the original.</param>
    /// <param name="destination">Receives it; a part that changes is mapped as a whole.</param>
    public static void Append(ReadOnlySpan<byte> text, int start, NormalizedText destination)
    {
        for (int position = 0; position < text.Length;)
        {
            int end = EndOfPart(text, position);
            ReadOnlySpan<byte> part = text[position..end];
            if (System.Text.Ascii.IsValid(part) || IsNoncharacter(part))
            {
                destination.Copy(part, start + position);
                position = end;
                continue;
            }

            byte[] composed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(part).Normalize(NormalizationForm.FormC));
            if (part.SequenceEqual(composed))
                destination.Copy(part, start + position);
            else
                destination.Add(composed, start + position, start + end);
            position = end;
        }
    }

    /// <summary>One of the code points that stand for no character; .NET's normaliser refuses U+FFFE, and none of them composes.</summary>
    private static bool IsNoncharacter(ReadOnlySpan<byte> part) => part.Length is 3 or 4
        && Rune.DecodeFromUtf8(part, out Rune rune, out int length) == System.Buffers.OperationStatus.Done && length == part.Length
        && ((rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF);

    /// <summary>A run of ASCII but for its last character, or a character and all that may combine with it: marks, the vowels and finals of Hangul, and the one script whose vowels are letters that compose.</summary>
    private static int EndOfPart(ReadOnlySpan<byte> text, int start)
    {
        int ascii = start;
        while (ascii + 1 < text.Length && text[ascii] < 0x80 && text[ascii + 1] < 0x80)
            ascii++;
        if (ascii > start)
            return ascii;
        int end = start + Utf8Text.LengthByFirst(text[start]);
        if (IsNoncharacter(text[start..end]))
            return end;
        while (end < text.Length)
        {
            Rune.DecodeFromUtf8(text[end..], out Rune next, out int length);
            bool combines = next.Value is (>= 0x1160 and <= 0x11FF) or (>= 0x16D63 and <= 0x16D6A)
                || Rune.GetUnicodeCategory(next) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
            if (!combines)
                break;
            end += length;
        }

        return end;
    }
}
