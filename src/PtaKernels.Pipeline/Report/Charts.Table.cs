namespace PtaKernels.Pipeline;

public static partial class Charts
{
    /// <summary>A table: names from the left, numbers from the right.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="columns">Heads; a line break makes one of two lines.</param>
    /// <param name="rows">[rows][columns] cells.</param>
    /// <param name="note">Said below, wrapped; null for none.</param>
    /// <param name="bold">Rows that stand out; null for none.</param>
    public static Chart Table(string title, IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows, string? note = null, IReadOnlyCollection<int>? bold = null)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.FirstOrDefault(r => r.Count != columns.Count) is { } bad)
            throw new ArgumentException($"A row has {bad.Count} cells and the table {columns.Count} columns.", nameof(rows));
        const double Gap = 26, Row = 27, HeadLine = 17, Top = 50;
        string[][] heads = [.. columns.Select(static c => c.Split('\n'))];
        double[] widths = [.. Enumerable.Range(0, columns.Count).Select(c => Math.Max(
            heads[c].Max(static h => Outlines.WidthOf(h, TextSize, bold: true)),
            rows.Select((r, i) => Outlines.WidthOf(r[c], TextSize, IsBold(i))).DefaultIfEmpty(0).Max()))];
        double width = Math.Max(widths.Sum() + (Gap * (columns.Count - 1)), Outlines.WidthOf(title, TitleSize, bold: true));
        int headLines = heads.Max(static h => h.Length);
        double rule = Top + (headLines * HeadLine) + 6, end = rule + (rows.Count * Row) + 4;
        string[] notes = note is null ? [] : [.. Wrapped(note, width)];
        var chart = new Chart(width + (2 * Margin), end + (notes.Length == 0 ? 0 : 8 + (notes.Length * 18)) + Margin, title);
        chart.Text(title, Margin, 32, TitleSize, bold: true);
        double left = Margin;
        for (int c = 0; c < columns.Count; c++)
        {
            for (int line = 0; line < heads[c].Length; line++)
                Cell(heads[c][line], c, Top + ((headLines - heads[c].Length + line + 1) * HeadLine) - 2, isBold: true);
            for (int r = 0; r < rows.Count; r++)
                Cell(rows[r][c], c, rule + (r * Row) + 19, IsBold(r));
            left += widths[c] + Gap;
        }

        chart.Line(Muted, 1.2, (Margin, rule), (Margin + width, rule));
        for (int r = 1; r < rows.Count; r++)
            chart.Line(Grid, 1, (Margin, rule + (r * Row)), (Margin + width, rule + (r * Row)));
        chart.Line(Muted, 1.2, (Margin, end - 2), (Margin + width, end - 2));
        for (int line = 0; line < notes.Length; line++)
            chart.Text(notes[line], Margin, end + 20 + (line * 18), TextSize, color: Muted);
        return chart;

        bool IsBold(int row) => bold?.Contains(row) == true;

        void Cell(string text, int column, double y, bool isBold)
        {
            if (IsText(rows, column))
                chart.Text(text, left, y, TextSize, bold: isBold);
            else
                chart.Text(text, left + widths[column], y, TextSize, TextAnchor.End, isBold);
        }
    }

    /// <summary>Whether a column has names rather than numbers: the first, and those with a cell that starts with a letter.</summary>
    internal static bool IsText(IReadOnlyList<IReadOnlyList<string>> rows, int column) => column == 0 || rows.Any(r => r[column].Length > 0 && char.IsLetter(r[column][0]));

    private static IEnumerable<string> Wrapped(string text, double width)
    {
        string line = "";
        foreach (string word in text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            string longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && Outlines.WidthOf(longer, TextSize, bold: false) > width)
            {
                yield return line;
                longer = word;
            }

            line = longer;
        }

        if (line.Length > 0)
            yield return line;
    }
}
