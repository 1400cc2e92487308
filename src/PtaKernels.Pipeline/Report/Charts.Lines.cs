namespace PtaKernels.Pipeline;

/// <summary>A point of a line.</summary>
/// <param name="X">Above zero.</param>
/// <param name="Y">Above zero.</param>
/// <param name="Low">Lower end of what was seen.</param>
/// <param name="High">Upper end.</param>
/// <param name="Limit">The most that there could be; null where it is not known.</param>
public sealed record LinePoint(double X, double Y, double Low, double High, double? Limit = null);

/// <summary>Points that belong together, in the order of their places.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Note">What they say together, beside the name; empty for nothing.</param>
/// <param name="Points">The points; what is not a finite number above zero is left out.</param>
public sealed record LineSeries(string Name, string Note, IReadOnlyList<LinePoint> Points);

/// <summary>Lines over two logarithmic axes.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Vertical">What the vertical axis is, with its unit.</param>
/// <param name="Horizontal">What the horizontal axis is.</param>
/// <param name="Series">The lines.</param>
public sealed record LineChart(string Title, string Vertical, string Horizontal, IReadOnlyList<LineSeries> Series);

public static partial class Charts
{
    private const string DashedLimit = "dashed: what this machine could do at most";

    private const double PanelPlot = 420, PanelLeft = 58, PanelTop = 74, PanelHeight = 230;

    /// <summary>Lines over two logarithmic axes: points with what was seen around them, and limits as dashed lines of the same colour. Names stand below with their notes.</summary>
    /// <param name="lines">What is drawn.</param>
    public static Chart Lines(LineChart lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        return Sheet(lines.Title, [lines], 1);
    }

    /// <summary>Several charts of <see cref="Lines"/> on one sheet, row by row.</summary>
    /// <param name="title">What all of them show.</param>
    /// <param name="charts">The charts.</param>
    /// <param name="columns">How many stand side by side.</param>
    public static Chart Sheet(string title, IReadOnlyList<LineChart> charts, int columns)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(charts);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        columns = Math.Min(columns, Math.Max(1, charts.Count));
        double width = charts.Select(WidthOf).DefaultIfEmpty(Margin + Outlines.WidthOf(title, TitleSize, bold: true)).Max();
        double[] heights = [.. charts.Chunk(columns).Select(static row => row.Max(HeightOf))];
        var sheet = new Chart((columns * width) + Margin, heights.Sum() + Margin, title);
        double y = 0;
        foreach ((int r, LineChart[] row) in charts.Chunk(columns).Index())
        {
            foreach ((int c, LineChart chart) in row.Index())
                Panel(sheet, chart, c * width, y);
            y += heights[r];
        }

        return sheet;
    }

    private static double WidthOf(LineChart chart)
    {
        double legend = chart.Series.Select(static s => Outlines.WidthOf(s.Name, TextSize, bold: true) + Outlines.WidthOf(s.Note, TextSize, bold: false)).DefaultIfEmpty(0).Max() + 42;
        double texts = Math.Max(Math.Max(Outlines.WidthOf(chart.Title, TitleSize, bold: true), Outlines.WidthOf(chart.Vertical, TextSize, bold: false)), legend);
        return Math.Max(Margin + texts, Margin + PanelLeft + PanelPlot) + Margin;
    }

    private static bool HasLimit(LineChart chart) => chart.Series.Any(static s => s.Points.Any(static p => p.Limit > 0));

    private static double HeightOf(LineChart chart) => PanelTop + PanelHeight + 58 + (LineHeight * (chart.Series.Count + (HasLimit(chart) ? 1 : 0))) + 10;

    private static void Panel(Chart sheet, LineChart chart, double x0, double y0)
    {
        double left = x0 + Margin + PanelLeft, right = left + PanelPlot, top = y0 + PanelTop, bottom = top + PanelHeight;
        sheet.Text(chart.Title, x0 + Margin, y0 + 32, TitleSize, bold: true);
        sheet.Text(chart.Vertical, x0 + Margin, y0 + 54, TextSize, color: Muted);
        LinePoint[][] drawn = [.. chart.Series.Select(static s => s.Points.Where(static p => double.IsFinite(p.X) && double.IsFinite(p.Y) && p.X > 0 && p.Y > 0).OrderBy(static p => p.X).ToArray())];
        LinePoint[] all = [.. drawn.SelectMany(static p => p)];
        if (all.Length == 0)
        {
            sheet.Text("there is no point to show", (left + right) / 2, (top + bottom) / 2, TextSize, TextAnchor.Middle, color: Muted);
        }
        else
        {
            double[] heights = [.. all.SelectMany(static p => new[] { p.Y, p.Low, p.High, p.Limit ?? p.Y }).Where(static v => v > 0 && double.IsFinite(v))];
            var x = new ChartLogAxis(all.Min(static p => p.X), all.Max(static p => p.X), left, right, 8, widen: false);
            var y = new ChartLogAxis(heights.Min(), heights.Max(), bottom, top, 7, widen: true);
            Axes(sheet, x, y, (left, right, top, bottom));
            foreach ((int i, LinePoint[] points) in drawn.Index())
                Series(sheet, ChartColor.Of(i), points, x, y);
        }

        sheet.Text(chart.Horizontal, (left + right) / 2, bottom + 42, TextSize, TextAnchor.Middle, color: Muted);
        double line = bottom + 70;
        foreach ((int i, LineSeries series) in chart.Series.Index())
        {
            sheet.Line(ChartColor.Of(i), 2, (x0 + Margin, line - 4), (x0 + Margin + 22, line - 4));
            sheet.Dot(ChartColor.Of(i), x0 + Margin + 11, line - 4, 3.2);
            sheet.Text(series.Name, x0 + Margin + 30, line, TextSize, bold: true);
            sheet.Text(series.Note, x0 + Margin + 42 + Outlines.WidthOf(series.Name, TextSize, bold: true), line, TextSize, color: Muted);
            line += LineHeight;
        }

        if (HasLimit(chart))
            sheet.Text(DashedLimit, x0 + Margin + 30, line, TextSize, color: Muted);
    }

    private static void Axes(Chart sheet, ChartLogAxis x, ChartLogAxis y, (double Left, double Right, double Top, double Bottom) plot)
    {
        foreach (double mark in y.Marks)
        {
            sheet.Line(Grid, 1, (plot.Left, y.Place(mark)), (plot.Right, y.Place(mark)));
            sheet.Text(ChartLogAxis.Text(mark), plot.Left - 8, y.Place(mark) + 4, TextSize, TextAnchor.End, color: Muted);
        }

        foreach (double mark in x.Marks)
        {
            sheet.Line(Grid, 1, (x.Place(mark), plot.Top), (x.Place(mark), plot.Bottom));
            sheet.Text(ChartLogAxis.Text(mark), x.Place(mark), plot.Bottom + 19, TextSize, TextAnchor.Middle, color: Muted);
        }

        sheet.Line(Muted, 1, (plot.Left, plot.Bottom), (plot.Right, plot.Bottom));
    }

    private static void Series(Chart sheet, ChartColor color, LinePoint[] points, ChartLogAxis x, ChartLogAxis y)
    {
        (double X, double Y)[] limits = [.. points.Where(static p => p.Limit > 0).Select(p => (x.Place(p.X), y.Place(p.Limit!.Value)))];
        foreach (((double X, double Y) from, (double X, double Y) to) in limits.Zip(limits.Skip(1)))
            Dashes(sheet, color, from, to);
        if (points.Length > 1)
            sheet.Line(color, 1.6, [.. points.Select(p => (x.Place(p.X), y.Place(p.Y)))]);
        foreach (LinePoint point in points)
        {
            if (point.Low > 0 && point.High > point.Low)
                sheet.Line(color.With(0.55), 1.2, (x.Place(point.X), y.Place(point.Low)), (x.Place(point.X), y.Place(point.High)));
            sheet.Dot(color, x.Place(point.X), y.Place(point.Y), 3.2);
        }
    }

    private static void Dashes(Chart sheet, ChartColor color, (double X, double Y) from, (double X, double Y) to)
    {
        const double Dash = 5, Period = 9;
        double length = Math.Sqrt(((to.X - from.X) * (to.X - from.X)) + ((to.Y - from.Y) * (to.Y - from.Y)));
        for (double at = 0; at < length; at += Period)
            sheet.Line(color.With(0.8), 1.2, Along(at), Along(Math.Min(length, at + Dash)));

        (double, double) Along(double distance) => (from.X + ((to.X - from.X) * distance / length), from.Y + ((to.Y - from.Y) * distance / length));
    }
}
