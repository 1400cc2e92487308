using System.Text;
using System.Text.RegularExpressions;

namespace PtaKernels.CorpusBench;

/// <summary>The words of a manual page without its commands to the formatter.</summary>
internal static partial class ManualTexts
{
    /// <summary>Commands whose arguments are words of the page.</summary>
    private static readonly string[] Worded = [".SH", ".SS", ".B", ".I", ".BR", ".BI", ".IR", ".IB", ".RB", ".RI", ".TP", ".IP", ".Nm", ".Nd", ".Sh", ".Ss", ".Fl", ".Ar", ".Xr", ".It"];

    private static readonly string[] Breaks = [".SH", ".SS", ".PP", ".P", ".LP", ".TP", ".IP", ".Pp", ".Sh", ".Ss", ".sp"];

    /// <summary>The page's paragraphs.</summary>
    public static IEnumerable<string> Read(string file)
    {
        if (TextFiles.TextOf(file) is not { } text)
            return [];
        var words = new StringBuilder(text.Length);
        foreach (string line in text.Split('\n'))
        {
            if (line.Length == 0 || line[0] is not ('.' or '\''))
            {
                words.Append(line).Append('\n');
                continue;
            }

            string command = line.Split(' ', 2)[0];
            if (Breaks.Contains(command))
                words.Append("\n\n");
            if (Worded.Contains(command) && line.Length > command.Length)
                words.Append(line[(command.Length + 1)..].Replace("\"", "", StringComparison.Ordinal)).Append('\n');
        }

        string plain = Fonts().Replace(words.ToString(), "").Replace("\\-", "-", StringComparison.Ordinal).Replace("\\(aq", "'", StringComparison.Ordinal)
            .Replace("\\&", "", StringComparison.Ordinal).Replace("\\e", "\\", StringComparison.Ordinal);
        return TextFiles.SplitParagraphs(plain);
    }

    [GeneratedRegex(@"\\f(?:[A-Z]|\([A-Z]{2}|\[[A-Z]*\])|\\s[+-]?\d|\\""[^\n]*")]
    private static partial Regex Fonts();
}
