using System.Globalization;
using PtaKernels.Pipeline;

namespace PtaKernels.Scaling;

/// <summary>The study's pictures.</summary>
internal static class ScalingCharts
{
    private const int Columns = 2;

    /// <summary>A picture for each chart.</summary>
    public static IReadOnlyList<LineChart> Of(ScalingResults results) => [.. results.Charts.Select(static chart => new LineChart(
        chart.Title, chart.Unit, chart.Horizontal,
        [.. chart.Sweeps.Select(static sweep => new LineSeries(sweep.Name, NoteOf(sweep), [.. sweep.Points.Select(static p => new LinePoint(p.X, p.Rate, p.RateMin, p.RateMax, p.Limit))]))]))];

    /// <summary>All of them on one sheet.</summary>
    public static Chart Sheet(ScalingResults results) => Charts.Sheet("How throughput scales", Of(results), Columns);

    /// <summary>The fitted exponent as a picture says it.</summary>
    private static string NoteOf(ScalingSweep sweep) => sweep.Exponent is not { } e ? "" : string.Create(CultureInfo.InvariantCulture, $"{sweep.Cost} ~ x^{ScalingTable.Number(e.Value)}{ScalingTable.ErrorOf(e)}");
}
