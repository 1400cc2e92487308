namespace PtaKernels.Pipeline;

public static partial class Charts
{
    /// <summary>Differences to a baseline as dots with their intervals: a row for each name, a colour for each domain, values beside. For more names than <see cref="Differences"/> has colours.</summary>
    /// <param name="bars">The differences; rows come in the order of the names. An interval that is not a number is not drawn.</param>
    /// <param name="baseline">What they are compared with.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="interval">What the whiskers are.</param>
    public static Chart Intervals(IReadOnlyList<DifferenceBar> bars, string baseline, string title = "Difference in bits per byte", string interval = "whiskers: 95 % interval")
    {
        ArgumentNullException.ThrowIfNull(bars);
        const double Plot = 470, Top = 92, Radius = 3.6;
        string[] names = [.. bars.Select(static b => b.Name).Distinct()], domains = [.. bars.Select(static b => b.Domain).Distinct()];
        double row = Math.Max(19, 5 + (8 * domains.Length));
        string[] values = [.. bars.Select(static b => ChartAxis.Signed(b.Value, 4))];
        double left = Margin + names.Select(static n => Outlines.WidthOf(n, TextSize, bold: false)).DefaultIfEmpty(0).Max() + 14, right = left + Plot;
        double value = values.Select(static v => Outlines.WidthOf(v, TextSize, bold: false)).DefaultIfEmpty(0).Max();
        double[] heads = [.. domains.Select(static d => Outlines.WidthOf(d, TextSize, bold: true) + (4 * Radius))], ends = new double[domains.Length];
        for (int d = 0; d < domains.Length; d++)
            ends[d] = (d == 0 ? right : ends[d - 1]) + 18 + Math.Max(value, heads[d]);
        double bottom = Top + (names.Length * row);
        string below = $"against {baseline}; negative is better; {interval}";
        double wide = Math.Max(ends.DefaultIfEmpty(right).Max(), Margin + Math.Max(Outlines.WidthOf(title, TitleSize, bold: true), Outlines.WidthOf(below, TextSize, bold: false)));
        var chart = new Chart(wide + Margin, bottom + 40, title);
        Head(chart, title, below);
        if (bars.Count == 0)
            return chart;
        double[] reach = [0, .. bars.Select(static b => b.Value), .. bars.SelectMany(static b => new[] { b.Low, b.High }).Where(double.IsFinite)];
        var x = new ChartAxis(reach.Min(), reach.Max(), left, right, 7, widen: true);
        for (int r = 0; r < names.Length; r += 2)
            chart.Box(ChartColor.Ink.With(0.04), Margin - 6, Top + (r * row), wide - Margin + 12, row);
        foreach (double mark in x.Marks)
        {
            chart.Line(Grid, 1, (x.Place(mark), Top), (x.Place(mark), bottom));
            chart.Text(x.Text(mark), x.Place(mark), bottom + 19, TextSize, TextAnchor.Middle, color: Muted);
        }

        chart.Line(ChartColor.Ink, 1.2, (x.Place(0), Top), (x.Place(0), bottom));
        for (int d = 0; d < domains.Length; d++)
        {
            chart.Dot(ChartColor.Of(d), ends[d] - heads[d] + Radius, Top - 12, Radius);
            chart.Text(domains[d], ends[d], Top - 8, TextSize, TextAnchor.End, bold: true);
        }

        for (int r = 0; r < names.Length; r++)
            chart.Text(names[r], left - 14, Top + (r * row) + (row / 2) + 4.5, TextSize, TextAnchor.End);
        foreach ((int i, DifferenceBar bar) in bars.Index())
        {
            int d = Array.IndexOf(domains, bar.Domain);
            double middle = Top + (Array.IndexOf(names, bar.Name) * row) + (row / 2), y = middle + (8 * (d - ((domains.Length - 1) / 2.0)));
            if (double.IsFinite(bar.Low) && double.IsFinite(bar.High))
                chart.Line(ChartColor.Of(d), 1.6, (x.Place(bar.Low), y), (x.Place(bar.High), y));
            chart.Dot(ChartColor.Of(d), x.Place(bar.Value), y, Radius);
            chart.Text(values[i], ends[d], middle + 4.5, TextSize, TextAnchor.End);
        }

        return chart;
    }
}
