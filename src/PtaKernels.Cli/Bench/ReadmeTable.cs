using System.Globalization;
using System.Text;

namespace PtaKernels.Cli.Bench;

/// <summary>The results table of a README, between its two marks.</summary>
internal static class ReadmeTable
{
    public static readonly ReadmeBlock Block = new("results");

    /// <summary>Rewrites the block from a results file and leaves every other byte alone.</summary>
    /// <exception cref="AlignmentDataException">The README or its block is missing.</exception>
    public static void Rewrite(string readme, string results) => Block.Rewrite(readme, () =>
    {
        (BenchEntry[] entries, BenchRunInfo run) = BenchFiles.Read(results);
        return Table(entries, run);
    });

    private static string Table(BenchEntry[] entries, BenchRunInfo run)
    {
        var text = new StringBuilder();
        text.Append("| Case | Backend | Rate | Of the limit | Peer | Peer's rate | Ratio (min..max) |\n|---|---|---:|---:|---|---:|---:|\n");
        foreach (BenchEntry e in entries)
        {
            BenchSpread? spread = run.Cases.FirstOrDefault(c => c.Case == e.Case && c.Threads == e.Threads && c.Clock == e.Clock && (c.Peer is null || c.Peer == e.Peer));
            string range = spread is null || spread.RatioMin == spread.RatioMax ? "" : $" ({Number(spread.RatioMin)}..{Number(spread.RatioMax)})";
            text.Append(CultureInfo.InvariantCulture, $"| {e.Case}{(e.Threads > 1 ? $", {e.Threads} threads" : "")}{(e.Clock is null ? "" : $", {e.Clock} time")} | {e.Backend}, {e.Isa} | {Number(e.Rate)} {e.Unit} | {(e.LimitRate is { } limit ? (e.Rate / limit).ToString("P0", CultureInfo.InvariantCulture) : "")} | {e.Peer} | {Number(e.PeerRate)} | {Number(e.Ratio)}{range} |\n");
        }

        string others = run.Peers is not null
            ? string.Concat(run.Peers.Select(static p => $", {p.Key} {p.Value}"))
            : (run.Compiler is null ? "" : $", g++ {run.Compiler}") + (run.Rapidfuzz is null ? "" : $", rapidfuzz-cpp {run.Rapidfuzz}")
                + (run.Python is null ? "" : $", Python {run.Python}, NumPy {run.Numpy}");
        if (run.Device is { } device)
            others += $"; {device.Name}" + (device.ComputeCapability is null ? "" : $", compute capability {device.ComputeCapability}, driver {device.Driver}");
        text.Append(CultureInfo.InvariantCulture, $"\nOne thread each where nothing else is said, {run.Date}, {run.Cpu} ({run.Cores} cores), {run.Dotnet}{others}. `scripts/pta bench` measures again; perf/README.md says what.\n");
        return text.ToString();
    }

    /// <summary>Three significant digits: 1.23, 45.6, 789, 12,300, 4.56 M, 7.89 G.</summary>
    public static string Number(double value)
    {
        double rounded = double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return rounded switch
        {
            >= 1e9 => (rounded / 1e9).ToString("G3", CultureInfo.InvariantCulture) + " G",
            >= 1e6 => (rounded / 1e6).ToString("G3", CultureInfo.InvariantCulture) + " M",
            >= 1000 => rounded.ToString("N0", CultureInfo.InvariantCulture),
            _ => rounded.ToString("G3", CultureInfo.InvariantCulture),
        };
    }
}
