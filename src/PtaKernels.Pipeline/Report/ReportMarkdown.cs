using System.Text;

namespace PtaKernels.Pipeline;

/// <summary>Pages as Markdown; charts are the picture files beside them.</summary>
internal static class ReportMarkdown
{
    public static string Of(string title, IReadOnlyList<ReportBlock> blocks) => $"# {Escape(title)}\n\n{Of(blocks)}";

    /// <summary>Blocks without a heading of their own.</summary>
    public static string Of(IReadOnlyList<ReportBlock> blocks)
    {
        var page = new StringBuilder();
        foreach (ReportBlock block in blocks)
        {
            if (page.Length > 0)
                page.Append('\n');
            switch (block)
            {
                case HeadingBlock heading:
                    page.Append($"## {Escape(heading.Text)}\n");
                    break;
                case TextBlock text:
                    page.Append(text.IsWarning ? $"> **Warning:** {Escape(text.Text)}\n" : $"{Escape(text.Text)}\n");
                    break;
                case TableBlock table:
                    Append(page, table);
                    break;
                case FiguresBlock figures:
                    Append(page, new TableBlock(figures.Columns, figures.Texts, figures.Bold));
                    break;
                case ChartBlock chart:
                    page.Append($"![{Escape(chart.Chart.Title)}]({chart.File})\n");
                    break;
                case CodeBlock code:
                    string fence = code.Text.Contains("```", StringComparison.Ordinal) ? "````" : "```";
                    page.Append($"{Escape(code.Summary)}:\n\n{fence}json\n{code.Text.TrimEnd()}\n{fence}\n");
                    break;
                case ViewerBlock viewer:
                    page.Append($"The HTML page beside this one opens {viewer.Documents.Count} documents token by token.\n");
                    break;
            }
        }

        return page.ToString();
    }

    private static void Append(StringBuilder page, TableBlock table)
    {
        Row(table.Columns, false);
        page.Append('|').Append(string.Concat(table.Columns.Select((_, c) => Charts.IsText(table.Rows, c) ? "---|" : "---:|"))).Append('\n');
        foreach ((int r, string[] row) in table.Rows.Index())
            Row(row, table.Bold.Contains(r));

        void Row(string[] cells, bool bold)
        {
            foreach (string cell in cells)
                page.Append(bold && cell.Length > 0 ? $"| **{Escape(cell)}** " : $"| {Escape(cell)} ");
            page.Append("|\n");
        }
    }

    private static string Escape(string text)
    {
        var safe = new StringBuilder();
        foreach (char c in text)
            safe.Append(c is '\n' or '\r' ? " " : c is '|' or '*' or '_' or '<' or '>' or '`' or '[' or ']' or '\\' ? $"\\{c}" : $"{c}");
        return safe.ToString();
    }
}
