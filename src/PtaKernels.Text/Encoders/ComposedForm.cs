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
        if (System.Text.Ascii.IsValid(text))
        {
            destination.Copy(text, start);
            return;
        }

        string whole = Encoding.UTF8.GetString(text);
        if (whole.IsNormalized(NormalizationForm.FormC))
        {
            destination.Copy(text, start);
            return;
        }

        for (int position = 0; position < text.Length;)
        {
            int end = EndOfPart(text, position);
            ReadOnlySpan<byte> part = text[position..end];
            byte[] composed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(part).Normalize(NormalizationForm.FormC));
            if (part.SequenceEqual(composed))
                destination.Copy(part, start + position);
            else
                destination.Add(composed, start + position, start + end);
            position = end;
        }
    }

    /// <summary>A character and all that may combine with it: marks, the vowels and finals of Hangul, and the one script whose vowels are letters that compose.</summary>
    private static int EndOfPart(ReadOnlySpan<byte> text, int start)
    {
        int end = start + Utf8Text.LengthByFirst(text[start]);
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
