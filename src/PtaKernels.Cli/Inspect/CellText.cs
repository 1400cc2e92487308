using System.Text;
using Spectre.Console;

namespace PtaKernels.Cli.Inspect;

/// <summary>Texts in the columns of a terminal.</summary>
internal static class CellText
{
    /// <summary>Columns that a text takes in a terminal.</summary>
    public static int Width(string text) => text.GetCellWidth();

    /// <summary>A text in exactly so many columns: cut with an ellipsis, or padded.</summary>
    public static string Fit(string text, int width) => Pad(Cut(text, width), width);

    /// <summary>A text padded to so many columns.</summary>
    public static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - Width(text)));

    /// <summary>A text in at most so many columns.</summary>
    public static string Cut(string text, int width)
    {
        if (Width(text) <= width)
            return text;
        var kept = new StringBuilder();
        int used = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int more = Width(rune.ToString());
            if (used + more > width - 1)
                break;
            kept.Append(rune.ToString());
            used += more;
        }

        return kept.Append('…').ToString();
    }
}
