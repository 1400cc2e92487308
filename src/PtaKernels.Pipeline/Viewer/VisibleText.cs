using System.Globalization;
using System.Text;

namespace PtaKernels.Pipeline;

/// <summary>Token texts as a reader can tell them apart: spaces, line ends, bytes and invisible characters are made visible.</summary>
internal static class VisibleText
{
    /// <summary>What the marks stand for.</summary>
    public const string Legend = "· space  ⏎ newline  ⇥ tab  ‹F0› one byte of a character  ‹200D› an invisible character";

    /// <summary>A token of a vocabulary.</summary>
    public static string Of(TokenVocabulary vocabulary, int id) => Of(vocabulary.Texts[id]);

    /// <summary>Symbols of a tape: code points, or 0xDC00 + byte.</summary>
    public static string Of(ReadOnlySpan<int> symbols)
    {
        var text = new StringBuilder();
        foreach (int symbol in symbols)
        {
            switch (symbol)
            {
                case ' ':
                    text.Append('·');
                    break;
                case '\n':
                    text.Append('⏎');
                    break;
                case '\t':
                    text.Append('⇥');
                    break;
                case >= 0xDC00 and <= 0xDCFF:
                    text.Append(CultureInfo.InvariantCulture, $"‹{symbol - 0xDC00:X2}›");
                    break;
                default:
                    if (IsPlain(symbol))
                        text.Append(char.ConvertFromUtf32(symbol));
                    else
                        text.Append(CultureInfo.InvariantCulture, $"‹{symbol:X}›");
                    break;
            }
        }

        return text.Length == 0 ? "∅" : text.ToString();
    }

    /// <summary>Whether a character stands for itself in a cell of its own: no control, format or combining character, no half of a flag, no skin tone.</summary>
    private static bool IsPlain(int symbol) =>
        Rune.IsValid(symbol) && symbol is not ((>= 0x1F1E6 and <= 0x1F1FF) or (>= 0x1F3FB and <= 0x1F3FF)) && Rune.GetUnicodeCategory(new Rune(symbol)) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.SpaceSeparator);
}
