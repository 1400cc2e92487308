using System.Globalization;
using System.Text;
using PtaKernels.Cli.Bench;
using PtaKernels.Pipeline;

namespace PtaKernels.Scaling;

/// <summary>What was measured, as README.md has it.</summary>
internal static class ScalingTable
{
    /// <summary>A rate may lie above its limit by so much: peaks and rates are measured at different moments.</summary>
    private const double Noise = 1.1;

    /// <summary>The picture of all charts and a table of exponents.</summary>
    /// <param name="results">What was measured.</param>
    /// <param name="picture">Where the picture is, as the README links to it.</param>
    public static string ToMarkdown(ScalingResults results, string picture)
    {
        var text = new StringBuilder();
        if (Pairing(results) is { } sentence)
            text.Append(sentence).Append("\n\n");
        text.Append(Invariant($"![How throughput scales: {string.Join(", ", results.Charts.Select(static c => c.Title.ToLowerInvariant()))}]({picture})\n\n"));
        text.Append("| sweep | way | cost | from | to | exponent | best rate | of the machine's limit there |\n|---|---|---|--:|--:|--:|--:|---|\n");
        foreach (ScalingChart chart in results.Charts)
        {
            foreach (ScalingSweep sweep in chart.Sweeps)
                text.Append(Row(chart, sweep));
        }

        text.Append(Invariant($"\nExponent: cost ~ x^exponent, least squares of logarithms over the sizes from .. to, ± standard error; a limit is the instructions of a kernel's inner loop over the peaks of this processor (perf/README.md). "));
        text.Append(Invariant($"Measured {results.Date:yyyy-MM-dd} on {results.Machine}, {results.Cores} cores, backend {results.Backend}, .NET {results.Versions[".NET"]}, in {results.Seconds / 60:F0} minutes{(results.Quick ? "; QUICK SIZES, NO RESULT" : "")}. Real text: the .NET SDK's reference documentation."));
        return text.Append('\n').ToString();
    }

    /// <summary>What pairing costs on real documents against the whole table.</summary>
    private static string? Pairing(ScalingResults results)
    {
        ScalingSweep? Find(string chart, Func<ScalingSweep, bool> which) => results.Charts.FirstOrDefault(c => c.Id == chart)?.Sweeps.FirstOrDefault(which);
        CostExponent? path = Find("path", static s => s.Name == "native")?.Exponent, table = Find("path", static s => s.Name.Contains("shuffled", StringComparison.Ordinal))?.Exponent;
        if (path is null || table is null)
            return null;
        string pairing = string.Join(", ", results.Charts.FirstOrDefault(static c => c.Id == "pairing")?.Sweeps.Where(static s => s.Exponent is not null)
            .Select(static s => $"{s.Name} tokens^{Number(s.Exponent!.Value)}{ErrorOf(s.Exponent)}") ?? []);
        return Invariant($"An alignment path of a real document costs tokens^{Number(path.Value)}{ErrorOf(path)} from {path.From:F0} tokens on, of the same tokens shuffled, where nothing can be left out of the table, tokens^{Number(table.Value)}{ErrorOf(table)}.")
            + (pairing.Length > 0 ? $" The whole pairing stage: {pairing}." : "");
    }

    /// <summary>A sentence for each rate that is above its limit by more than noise: the limit is then counted wrongly, or peaks were measured beside other work.</summary>
    public static IEnumerable<string> AboveLimits(ScalingResults results) =>
        from chart in results.Charts
        from sweep in chart.Sweeps
        from point in sweep.Points
        where point.Rate > Noise * point.Limit
        select Invariant($"{chart.Id}, {sweep.Name}, {ChartLogAxis.Text(point.X)}: {ChartLogAxis.Text(point.Rate)} {chart.Unit} is above the limit {ChartLogAxis.Text(point.Limit!.Value)}; measure again on a quiet machine.");

    /// <summary>An exponent with two digits.</summary>
    public static string Number(double value) => ChartAxis.Fixed(value, 2);

    /// <summary>Its standard error, where it has one.</summary>
    public static string ErrorOf(CostExponent exponent) => exponent.Points > 2 ? " ± " + ChartAxis.Fixed(exponent.Error, 2) : "";

    private static string Row(ScalingChart chart, ScalingSweep sweep)
    {
        ScalingPoint best = sweep.Points.MaxBy(static p => p.Rate)!;
        string exponent = sweep.Exponent is { } e ? $"{Number(e.Value)}{ErrorOf(e)}" : "", limit = best.Limit is { } most ? Invariant($"{100 * best.Rate / most:F0} %: {best.LimitedBy}") : "";
        return Invariant($"| {chart.Title} | {sweep.Name} | {sweep.Cost} by {chart.Horizontal} | {ReadmeTable.Number(sweep.Exponent?.From ?? sweep.Points[0].X)} | {ReadmeTable.Number(sweep.Exponent?.To ?? sweep.Points[^1].X)} | {exponent} | {ReadmeTable.Number(best.Rate)} {chart.Unit} at {ReadmeTable.Number(best.X)} | {limit} |\n");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
