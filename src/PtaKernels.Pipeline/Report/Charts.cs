namespace PtaKernels.Pipeline;

/// <summary>A loss over a training run.</summary>
/// <param name="Name">What is trained.</param>
/// <param name="Tokens">[n] tokens trained on so far, rising.</param>
/// <param name="Loss">[n] loss of the step that ended there; what is not finite is left out.</param>
public sealed record LossSeries(string Name, IReadOnlyList<double> Tokens, IReadOnlyList<double> Loss);

/// <summary>A difference between two models, with its interval.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Domain">On which texts.</param>
/// <param name="Value">Bits per byte, negative where it is better.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end.</param>
public sealed record DifferenceBar(string Name, string Domain, double Value, double Low, double High);

/// <summary>The charts of a report. Their text is drawn with outlines that come along, so no machine needs a font.</summary>
public static partial class Charts
{
    private const double Margin = 20;
    private const double TitleSize = 16;
    private const double TextSize = 12.5;
    private const double LineHeight = 20;

    private static readonly ChartColor Muted = ChartColor.Ink.With(0.72);
    private static readonly ChartColor Grid = ChartColor.Ink.With(0.12);

    /// <summary>Losses of several runs over the tokens they were trained on: each as a moving mean over a twentieth of the run, over its single steps in pale. Names stand at the ends.</summary>
    /// <param name="series">The runs.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="vertical">What the loss is, with its unit.</param>
    public static Chart LossCurves(IReadOnlyList<LossSeries> series, string title = "Training loss", string vertical = "nats per token; moving mean, single steps in pale")
    {
        ArgumentNullException.ThrowIfNull(series);
        const double Top = 74, Bottom = 380, Left = 62, Right = 700, Ends = 12;
        Curve[] curves = [.. series.Select(Curve.Of)];
        Curve[] drawn = [.. curves.Where(static c => c.Tokens.Length > 0)];
        double names = series.Select(static s => Outlines.WidthOf(s.Name, TextSize, bold: true)).DefaultIfEmpty(0).Max();
        var chart = new Chart(Math.Max(Right + Ends + 26 + names, Margin + Outlines.WidthOf(title, TitleSize, bold: true)) + Margin, Bottom + 54, title);
        Head(chart, title, vertical);
        if (drawn.Length == 0)
        {
            chart.Text("no step was logged", (Left + Right) / 2, (Top + Bottom) / 2, TextSize, TextAnchor.Middle, color: Muted);
            return chart;
        }

        var x = new ChartAxis(0, drawn.Max(static c => c.Tokens[^1]), Left, Right, 8, widen: false);
        var y = new ChartAxis(drawn.Min(static c => c.Settled.Min()), drawn.Max(static c => c.Settled.Max()), Bottom, Top, 6, widen: true);
        foreach (double mark in y.Marks)
        {
            chart.Line(Grid, 1, (Left, y.Place(mark)), (Right, y.Place(mark)));
            chart.Text(y.Text(mark), Left - 8, y.Place(mark) + 4, TextSize, TextAnchor.End, color: Muted);
        }

        foreach (double mark in x.Marks)
        {
            chart.Line(Muted, 1, (x.Place(mark), Bottom), (x.Place(mark), Bottom + 4));
            chart.Text(x.Count(mark), x.Place(mark), Bottom + 19, TextSize, TextAnchor.Middle, color: Muted);
        }

        chart.Line(Muted, 1, (Left, Bottom), (Right, Bottom));
        chart.Text("training tokens", (Left + Right) / 2, Bottom + 42, TextSize, TextAnchor.Middle, color: Muted);
        foreach ((int i, Curve curve) in curves.Index().Where(static c => c.Item.Tokens.Length > 1))
            chart.Line(ChartColor.Of(i).With(0.2), 0.8, Thinned(curve.Tokens, curve.Loss, x, y));
        foreach ((int i, Curve curve) in curves.Index().Where(static c => c.Item.Tokens.Length > 0))
            chart.Line(ChartColor.Of(i), 2, Thinned(curve.Tokens, curve.Smooth, x, y));

        (int Index, Curve Curve)[] byHeight = [.. curves.Index().Where(static c => c.Item.Tokens.Length > 0).OrderByDescending(static c => c.Item.Smooth[^1]).ThenBy(static c => c.Index)];
        double[] places = Spread([.. byHeight.Select(c => y.Place(c.Curve.Smooth[^1]))], LineHeight, Bottom);
        foreach ((int place, (int index, Curve curve)) in byHeight.Index())
        {
            double end = x.Place(curve.Tokens[^1]);
            chart.Line(ChartColor.Of(index).With(0.6), 1, (end, y.Place(curve.Smooth[^1])), (Math.Max(end, Right + 2), places[place]), (Right + Ends, places[place]));
            chart.Line(ChartColor.Of(index), 3, (Right + Ends, places[place]), (Right + Ends + 16, places[place]));
            chart.Text(series[index].Name, Right + Ends + 24, places[place] + 4, TextSize, bold: true);
        }

        return chart;
    }

    /// <summary>Differences to a baseline as bars around zero, grouped by domain, with their intervals as whiskers and their values beside.</summary>
    /// <param name="bars">The bars; those of one domain follow in the order given. A name has one colour: that of <see cref="LossCurves"/> where the baseline is its first series and the others follow alike.</param>
    /// <param name="baseline">What they are compared with.</param>
    /// <param name="title">What is shown.</param>
    /// <param name="interval">What the whiskers are.</param>
    public static Chart Differences(IReadOnlyList<DifferenceBar> bars, string baseline, string title = "Difference in bits per byte", string interval = "whiskers: 95 % interval")
    {
        ArgumentNullException.ThrowIfNull(bars);
        const double Row = 24, Plot = 420, Top = 72;
        string[] names = [.. bars.Select(static b => b.Name).Distinct()], domains = [.. bars.Select(static b => b.Domain).Distinct()];
        int digits = bars.Any(static b => Math.Abs(b.Value) < 0.01) ? 4 : 3;
        string[] values = [.. bars.Select(b => ChartAxis.Signed(b.Value, digits))];
        string[] intervals = [.. bars.Select(b => $"{ChartAxis.Signed(b.Low, digits)} … {ChartAxis.Signed(b.High, digits)}")];
        double left = Margin + 12 + names.Select(static n => Outlines.WidthOf(n, TextSize, bold: false)).DefaultIfEmpty(0).Max() + 12, right = left + Plot;
        double valueEnd = right + 20 + values.Select(static v => Outlines.WidthOf(v, TextSize, bold: true)).DefaultIfEmpty(0).Max();
        double intervalEnd = valueEnd + 14 + intervals.Select(static v => Outlines.WidthOf(v, TextSize, bold: false)).DefaultIfEmpty(0).Max();
        double bottom = Top + (domains.Length * (Row + 8)) + (bars.Count * Row);
        string below = $"against {baseline}; negative is better; {interval}";
        double wide = Math.Max(intervalEnd, Margin + Math.Max(Outlines.WidthOf(title, TitleSize, bold: true), Outlines.WidthOf(below, TextSize, bold: false)));
        var chart = new Chart(wide + Margin, bottom + 40, title);
        Head(chart, title, below);
        if (bars.Count == 0)
            return chart;
        var x = new ChartAxis(Math.Min(0, bars.Min(static b => Math.Min(b.Value, b.Low))), Math.Max(0, bars.Max(static b => Math.Max(b.Value, b.High))), left, right, 6, widen: true);
        foreach (double mark in x.Marks)
        {
            chart.Line(Grid, 1, (x.Place(mark), Top), (x.Place(mark), bottom));
            chart.Text(x.Text(mark), x.Place(mark), bottom + 19, TextSize, TextAnchor.Middle, color: Muted);
        }

        double y = Top;
        foreach (string domain in domains)
        {
            chart.Text(domain, Margin, y + 22, TextSize, bold: true);
            y += Row + 8;
            foreach ((int i, DifferenceBar bar) in bars.Index().Where(b => b.Item.Domain == domain))
            {
                double middle = y + (Row / 2), zero = x.Place(0), end = x.Place(bar.Value), low = x.Place(bar.Low), high = x.Place(bar.High);
                chart.Box(ChartColor.Of(1 + Array.IndexOf(names, bar.Name)), Math.Min(zero, end), middle - 8, Math.Abs(end - zero), 16);
                chart.Line(ChartColor.Ink, 1.4, (low, middle), (high, middle));
                chart.Line(ChartColor.Ink, 1.4, (low, middle - 4), (low, middle + 4));
                chart.Line(ChartColor.Ink, 1.4, (high, middle - 4), (high, middle + 4));
                chart.Text(bar.Name, left - 12, middle + 4, TextSize, TextAnchor.End);
                chart.Text(values[i], valueEnd, middle + 4, TextSize, TextAnchor.End, bold: true);
                chart.Text(intervals[i], intervalEnd, middle + 4, TextSize, TextAnchor.End, color: Muted);
                y += Row;
            }
        }

        chart.Line(ChartColor.Ink, 1.4, (x.Place(0), Top), (x.Place(0), bottom));
        return chart;
    }

    private static void Head(Chart chart, string title, string below)
    {
        chart.Text(title, Margin, 32, TitleSize, bold: true);
        chart.Text(below, Margin, 54, TextSize, color: Muted);
    }

    /// <summary>Moves sorted places apart to at least a distance, as little as possible (isotonic regression), and none below the bottom.</summary>
    private static double[] Spread(double[] places, double distance, double bottom)
    {
        var groups = new List<(double Sum, int Count)>();
        foreach ((int i, double place) in places.Index())
        {
            (double Sum, int Count) group = (place - (i * distance), 1);
            while (groups.Count > 0 && groups[^1].Sum / groups[^1].Count >= group.Sum / group.Count)
            {
                group = (group.Sum + groups[^1].Sum, group.Count + groups[^1].Count);
                groups.RemoveAt(groups.Count - 1);
            }

            groups.Add(group);
        }

        double[] apart = [.. groups.SelectMany(static g => Enumerable.Repeat(g.Sum / g.Count, g.Count))];
        double down = Math.Max(0, apart.LastOrDefault() + ((apart.Length - 1) * distance) - bottom);
        return [.. apart.Select((place, i) => place + (i * distance) - down)];
    }

    /// <summary>At most a few hundred of the points, the first and the last among them.</summary>
    private static (double X, double Y)[] Thinned(double[] tokens, double[] values, ChartAxis x, ChartAxis y)
    {
        const int Most = 500;
        int count = Math.Min(Most, tokens.Length);
        return [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (int)((long)i * (tokens.Length - 1) / (count - 1))).Select(i => (x.Place(tokens[i]), y.Place(values[i])))];
    }

    private sealed record Curve(double[] Tokens, double[] Loss, double[] Smooth)
    {
        /// <summary>What sets the axis: the mean after the first steps, which may lie far above.</summary>
        public IEnumerable<double> Settled => Smooth.Skip(Smooth.Length / 50);

        public static Curve Of(LossSeries series)
        {
            if (series.Tokens.Count != series.Loss.Count)
                throw new ArgumentException($"{series.Name}: {series.Tokens.Count} places and {series.Loss.Count} losses; each step has both.");
            int[] finite = [.. Enumerable.Range(0, series.Loss.Count).Where(i => double.IsFinite(series.Loss[i]))];
            double[] loss = [.. finite.Select(i => series.Loss[i])], sums = new double[loss.Length + 1], smooth = new double[loss.Length];
            for (int i = 0; i < loss.Length; i++)
                sums[i + 1] = sums[i] + loss[i];
            int half = loss.Length / 40;
            for (int i = 0; i < loss.Length; i++)
            {
                int first = Math.Max(0, i - half), end = Math.Min(loss.Length, i + half + 1);
                smooth[i] = (sums[end] - sums[first]) / (end - first);
            }

            return new Curve([.. finite.Select(i => series.Tokens[i])], loss, smooth);
        }
    }
}
