namespace PtaKernels.Pipeline;

/// <summary>Many points of one kind.</summary>
/// <param name="Name">What they are.</param>
/// <param name="Points">Where they lie; what is not finite is left out.</param>
public sealed record Cloud(string Name, IReadOnlyList<(double X, double Y)> Points);

public static partial class Charts
{
    /// <summary>Clouds of points without names, on axes of one scale, each with a cross at its centre.</summary>
    /// <param name="clouds">The clouds; one has one colour.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="below">A line below the title.</param>
    public static Chart Clouds(IReadOnlyList<Cloud> clouds, string title, string below)
    {
        ArgumentNullException.ThrowIfNull(clouds);
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(below);
        const double Left = 62, Top = 98, Width = 720, Most = 560, Radius = 2.4;
        (double X, double Y)[][] points = [.. clouds.Select(static c => c.Points.Where(static p => double.IsFinite(p.X) && double.IsFinite(p.Y)).ToArray())];
        (double X, double Y)[] all = [.. points.SelectMany(static p => p)];
        double wide = Math.Max(Left + Width, Margin + Math.Max(Outlines.WidthOf(title, TitleSize, bold: true), Outlines.WidthOf(below, TextSize, bold: false)));
        double spanX = all.Length == 0 ? 1 : Math.Max(1e-9, all.Max(static p => p.X) - all.Min(static p => p.X)), spanY = all.Length == 0 ? 1 : Math.Max(1e-9, all.Max(static p => p.Y) - all.Min(static p => p.Y));
        // One scale for both axes; a picture that would be too high is made narrower.
        double height = Math.Clamp(Width * spanY / spanX, 120, Most), width = Math.Min(Width, height * spanX / spanY);
        double bottom = Top + height;
        var chart = new Chart(wide + Margin, bottom + 44, title);
        Head(chart, title, below);
        if (all.Length == 0)
        {
            chart.Text("there is no point to show", Left + (Width / 2), Top + (height / 2), TextSize, TextAnchor.Middle, color: Muted);
            return chart;
        }

        var x = new ChartAxis(all.Min(static p => p.X), all.Max(static p => p.X), Left, Left + width, 8, widen: false);
        var y = new ChartAxis(all.Min(static p => p.Y), all.Max(static p => p.Y), bottom, Top, 7, widen: false);
        foreach (double mark in y.Marks)
        {
            chart.Line(Grid, 1, (Left, y.Place(mark)), (Left + width, y.Place(mark)));
            chart.Text(y.Text(mark), Left - 8, y.Place(mark) + 4, TextSize, TextAnchor.End, color: Muted);
        }

        foreach (double mark in x.Marks)
        {
            chart.Line(Grid, 1, (x.Place(mark), Top), (x.Place(mark), bottom));
            chart.Text(x.Text(mark), x.Place(mark), bottom + 19, TextSize, TextAnchor.Middle, color: Muted);
        }

        double at = Margin;
        foreach ((int c, Cloud cloud) in clouds.Index())
        {
            chart.Dot(ChartColor.Of(c), at + 4.5, 72, 4.5);
            chart.Text(cloud.Name, at + 15, 76, TextSize, color: Muted);
            at += Outlines.WidthOf(cloud.Name, TextSize, bold: false) + 37;
        }

        // Interleaved, so that no cloud hides another whole.
        for (int i = 0; i < points.Max(static p => p.Length); i++)
        {
            foreach ((int c, (double X, double Y)[] cloud) in points.Index().Where(p => i < p.Item.Length))
                chart.Dot(ChartColor.Of(c).With(0.6), x.Place(cloud[i].X), y.Place(cloud[i].Y), Radius);
        }

        foreach ((int c, (double X, double Y)[] cloud) in points.Index().Where(static p => p.Item.Length > 0))
            Cross(chart, ChartColor.Of(c), x.Place(cloud.Average(static p => p.X)), y.Place(cloud.Average(static p => p.Y)));
        return chart;
    }

    /// <summary>A cross in its colour on a wider one of the text's, to be seen among its own points.</summary>
    private static void Cross(Chart chart, ChartColor color, double x, double y)
    {
        const double Reach = 9;
        foreach ((ChartColor stroke, double width) in new[] { (ChartColor.Ink, 6.0), (color, 3.2) })
        {
            chart.Line(stroke, width, (x - Reach, y), (x + Reach, y));
            chart.Line(stroke, width, (x, y - Reach), (x, y + Reach));
        }
    }
}
