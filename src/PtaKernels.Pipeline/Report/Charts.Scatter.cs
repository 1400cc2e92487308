namespace PtaKernels.Pipeline;

/// <summary>A point with a name.</summary>
/// <param name="Name">Said beside it where there is room.</param>
/// <param name="Kind">Points of one kind have one colour.</param>
/// <param name="X">Where it lies.</param>
/// <param name="Y">Where it lies.</param>
public sealed record ScatterPoint(string Name, string Kind, double X, double Y);

public static partial class Charts
{
    /// <summary>Points with names beside them, or at the end of a thin line where others are in the way. A name that finds no room is left out, and their number is said below.</summary>
    /// <param name="points">The points; earlier ones have the first choice of room. What is not finite is left out.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="below">A line below the title: what the vertical axis is, and what the points say together.</param>
    /// <param name="horizontal">What the horizontal axis is.</param>
    public static Chart Scatter(IReadOnlyList<ScatterPoint> points, string title, string below, string horizontal)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(below);
        const double Left = 68, Top = 98, Right = 900, Bottom = 680, Radius = 4.5;
        string[] kinds = [.. points.Select(static p => p.Kind).Distinct()];
        double legend = Margin + kinds.Sum(static k => Outlines.WidthOf(k, TextSize, bold: false) + (2 * Radius) + 28);
        double wide = Math.Max(Math.Max(Right, legend), Margin + Math.Max(Outlines.WidthOf(title, TitleSize, bold: true), Outlines.WidthOf(below, TextSize, bold: false)));
        ScatterPoint[] drawn = [.. points.Where(static p => double.IsFinite(p.X) && double.IsFinite(p.Y))];
        ChartAxis x = Axis(drawn, static p => p.X, Left, Right, 8), y = Axis(drawn, static p => p.Y, Bottom, Top, 7);
        (double X, double Y)[] places = [.. drawn.Select(p => (x.Place(p.X), y.Place(p.Y)))];
        PlacedLabel?[] labels = LabelRoom.Place(places, [.. drawn.Select(static p => Outlines.WidthOf(p.Name, TextSize, bold: false))], TextSize, Radius, new LabelBox(Left, Top, Right, Bottom));
        int unnamed = labels.Count(static l => l is null);
        var chart = new Chart(wide + Margin, Bottom + (unnamed > 0 ? 74 : 54), title);
        Head(chart, title, below);
        if (drawn.Length == 0)
        {
            chart.Text("there is no point to show", (Left + Right) / 2, (Top + Bottom) / 2, TextSize, TextAnchor.Middle, color: Muted);
            return chart;
        }

        foreach (double mark in y.Marks)
        {
            chart.Line(Grid, 1, (Left, y.Place(mark)), (Right, y.Place(mark)));
            chart.Text(y.Text(mark), Left - 8, y.Place(mark) + 4, TextSize, TextAnchor.End, color: Muted);
        }

        foreach (double mark in x.Marks)
        {
            chart.Line(Grid, 1, (x.Place(mark), Top), (x.Place(mark), Bottom));
            chart.Text(x.Text(mark), x.Place(mark), Bottom + 19, TextSize, TextAnchor.Middle, color: Muted);
        }

        if (y.Low < 0 && y.High > 0)
            chart.Line(ChartColor.Ink, 1.2, (Left, y.Place(0)), (Right, y.Place(0)));
        chart.Text(horizontal, (Left + Right) / 2, Bottom + 42, TextSize, TextAnchor.Middle, color: Muted);
        double at = Margin;
        foreach ((int k, string kind) in kinds.Index())
        {
            chart.Dot(ChartColor.Of(k), at + Radius, 72, Radius);
            chart.Text(kind, at + (2 * Radius) + 6, 76, TextSize, color: Muted);
            at += Outlines.WidthOf(kind, TextSize, bold: false) + (2 * Radius) + 28;
        }

        foreach ((int i, PlacedLabel? label) in labels.Index())
        {
            if (label?.Line is { } line)
                chart.Line(Muted.With(0.45), 0.9, (line.FromX, line.FromY), (line.ToX, line.ToY));
            if (label is not null)
                chart.Text(drawn[i].Name, label.X, label.Y, TextSize);
        }

        // The first lie on top.
        foreach ((int i, ScatterPoint point) in drawn.Index().Reverse())
            chart.Dot(ChartColor.Of(Array.IndexOf(kinds, point.Kind)).With(0.85), places[i].X, places[i].Y, Radius);
        if (unnamed > 0)
            chart.Text(unnamed == 1 ? "one point without room for its name" : $"{unnamed} points without room for their names", Margin, Bottom + 62, TextSize, color: Muted);
        return chart;
    }

    private static ChartAxis Axis(ScatterPoint[] points, Func<ScatterPoint, double> value, double from, double to, int marks) =>
        new(points.Select(value).DefaultIfEmpty(0).Min(), points.Select(value).DefaultIfEmpty(0).Max(), from, to, marks, widen: true);
}
