using System.Net;
using System.Text;

namespace PtaKernels.Pipeline;

/// <summary>Pages as one HTML file: charts are inside, nothing is fetched, no scripts but the viewer's; dark where the reader's system is.</summary>
internal static class ReportHtml
{
    private const string Style = """
        :root { color-scheme: light dark; --paper: #ffffff; --ink: #222222; --pale: #6b6b6b; --line: #d9d9d9; --shade: #f5f5f5; --warn: #fff3dc; --warnline: #d08700; }
        @media (prefers-color-scheme: dark) { :root { --paper: #17191c; --ink: #e4e4e4; --pale: #a0a0a0; --line: #3a3d42; --shade: #202328; --warn: #33290f; --warnline: #d08700; } }
        body { background: var(--paper); color: var(--ink); font: 15px/1.5 "DejaVu Sans", Verdana, "Segoe UI", Helvetica, Arial, sans-serif; max-width: 1080px; margin: 2em auto; padding: 0 1.2em; }
        h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin: 2em 0 .6em; }
        .scroll { overflow-x: auto; margin: 1em 0; } table { border-collapse: collapse; font-size: .92em; font-variant-numeric: tabular-nums; }
        th, td { padding: .35em .9em; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; } th { white-space: pre; vertical-align: bottom; border-bottom: 2px solid var(--pale); }
        th.name, td.name { text-align: left; } td.name { white-space: normal; overflow-wrap: anywhere; min-width: 5em; } td.name:first-child { min-width: 6.5em; } th:first-child, td:first-child { padding-left: 0; } tr.bold td { font-weight: bold; }
        .warning { background: var(--warn); border-left: 4px solid var(--warnline); padding: .6em 1em; } figure { margin: 1.5em 0 1.5em -20px; }
        details { margin: 1.5em 0; } summary { cursor: pointer; } pre { background: var(--shade); padding: 1em; overflow-x: auto; font-size: .88em; }
        """;

    public static string Of(string title, IReadOnlyList<ReportBlock> blocks)
    {
        string name = WebUtility.HtmlEncode(title);
        var page = new StringBuilder($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{name}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <h1>{name}</h1>

            """);
        foreach (ReportBlock block in blocks)
        {
            switch (block)
            {
                case HeadingBlock heading:
                    page.Append($"<h2>{WebUtility.HtmlEncode(heading.Text)}</h2>\n");
                    break;
                case TextBlock text:
                    page.Append(text.IsWarning ? $"<p class=\"warning\"><b>Warning:</b> {WebUtility.HtmlEncode(text.Text)}</p>\n" : $"<p>{WebUtility.HtmlEncode(text.Text)}</p>\n");
                    break;
                case TableBlock table:
                    Append(page, table);
                    break;
                case FiguresBlock figures:
                    Append(page, figures);
                    break;
                case ChartBlock chart:
                    page.Append("<figure>\n").Append(chart.Chart.ToSvg()).Append("</figure>\n");
                    break;
                case CodeBlock code:
                    page.Append($"<details><summary>{WebUtility.HtmlEncode(code.Summary)}</summary>\n<pre>{WebUtility.HtmlEncode(code.Text.TrimEnd())}</pre>\n</details>\n");
                    break;
                case ViewerBlock viewer:
                    ViewerHtml.Append(page, viewer);
                    break;
            }
        }

        if (blocks.OfType<ViewerBlock>().Any())
            ViewerHtml.AppendProgram(page);
        return page.Append("</body>\n</html>\n").ToString();
    }

    private static void Append(StringBuilder page, TableBlock table) =>
        Append(page, new FiguresBlock(table.Columns, [.. table.Rows.Select(static r => r.Select(static c => Figure.Of(c)).ToArray())], table.Bold), column => Charts.IsText(table.Rows, column));

    /// <summary>A column of figures has a place in the JSON somewhere; all others hold names.</summary>
    private static void Append(StringBuilder page, FiguresBlock table) => Append(page, table, column => table.Rows.All(r => r[column].Path is null && r[column].Text != Figure.Nothing));

    private static void Append(StringBuilder page, FiguresBlock table, Func<int, bool> isName)
    {
        page.Append("<div class=\"scroll\"><table>\n<thead><tr>");
        foreach ((int c, string column) in table.Columns.Index())
            page.Append($"<th{ClassOf(c)}>{WebUtility.HtmlEncode(column)}</th>");
        page.Append("</tr></thead>\n<tbody>\n");
        foreach ((int r, Figure[] row) in table.Rows.Index())
        {
            page.Append(table.Bold.Contains(r) ? "<tr class=\"bold\">" : "<tr>");
            foreach ((int c, Figure cell) in row.Index())
                page.Append($"<td{ClassOf(c)}{PlaceOf(cell)}>{WebUtility.HtmlEncode(cell.Text)}</td>");
            page.Append("</tr>\n");
        }

        page.Append("</tbody></table></div>\n");

        string ClassOf(int column) => column == 0 || isName(column) ? " class=\"name\"" : "";

        static string PlaceOf(Figure cell) => cell.Path is { } path ? FormattableString.Invariant($" data-path=\"{WebUtility.HtmlEncode(path)}\" data-value=\"{cell.Value:R}\"") : "";
    }
}
