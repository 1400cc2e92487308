namespace PtaKernels.Pipeline;

/// <summary>A part of a page, whatever the page is written in.</summary>
internal abstract record ReportBlock;

/// <summary>A heading of a part.</summary>
internal sealed record HeadingBlock(string Text) : ReportBlock;

/// <summary>Sentences.</summary>
internal sealed record TextBlock(string Text, bool IsWarning = false) : ReportBlock;

/// <summary>A table; line breaks in heads are spaces where a page breaks lines itself. Bold: rows that stand out.</summary>
internal sealed record TableBlock(string[] Columns, IReadOnlyList<string[]> Rows, IReadOnlyCollection<int> Bold) : ReportBlock;

/// <summary>A table whose numbers say where in the report's JSON they stand; line breaks in heads as in <see cref="TableBlock"/>.</summary>
internal sealed record FiguresBlock(string[] Columns, IReadOnlyList<Figure[]> Rows, IReadOnlyCollection<int> Bold) : ReportBlock
{
    /// <summary>A table without rows that stand out.</summary>
    public FiguresBlock(string[] columns, IReadOnlyList<Figure[]> rows)
        : this(columns, rows, [])
    {
    }

    /// <summary>The cells as text.</summary>
    public IReadOnlyList<string[]> Texts => [.. Rows.Select(static r => r.Select(static c => c.Text).ToArray())];
}

/// <summary>A chart, also written as a file of this name.</summary>
internal sealed record ChartBlock(string File, Chart Chart) : ReportBlock;

/// <summary>Text as it is, folded away where a page can.</summary>
internal sealed record CodeBlock(string Summary, string Text) : ReportBlock;
