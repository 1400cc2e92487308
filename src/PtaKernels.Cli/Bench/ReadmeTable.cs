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
        BenchEntry? above = null;
        foreach (BenchEntry e in entries)
        {
            BenchSpread? spread = run.Cases.FirstOrDefault(c => c.Case == e.Case && c.Threads == e.Threads && c.Clock == e.Clock && (c.Peer is null || c.Peer == e.Peer));
            string range = spread is null || spread.RatioMin == spread.RatioMax ? "" : $" ({Number(spread.RatioMin)}..{Number(spread.RatioMax)})";
            text.Append(CultureInfo.InvariantCulture, $"| {(IsOf(above, e) ? " |  |  | " : OwnSide(e))} | {e.Peer} | {Number(e.PeerRate)} | {Number(e.Ratio)}{range} |\n");
            above = e;
        }

        if (LimitsOf(entries) is { Length: > 0 } limits)
            text.Append(CultureInfo.InvariantCulture, $"\nLimits: {limits}.\n");
        string others = run.Peers is not null
            ? string.Concat(run.Peers.Select(static p => $"{p.Key} {p.Value}").Where(v => v != run.Dotnet).Select(static v => ", " + v))
            : (run.Compiler is null ? "" : $", g++ {run.Compiler}") + (run.Rapidfuzz is null ? "" : $", rapidfuzz-cpp {run.Rapidfuzz}")
                + (run.Python is null ? "" : $", Python {run.Python}, NumPy {run.Numpy}");
        if (run.Device is { } device)
            others += $"; {device.Name}" + (device.ComputeCapability is null ? "" : $", compute capability {device.ComputeCapability}, driver {device.Driver}");
        text.Append(CultureInfo.InvariantCulture, $"\nOne thread each where nothing else is said, {run.Date}, {run.Cpu} ({run.Cores} cores), {run.Dotnet}{others}. `scripts/pta bench` measures again; perf/README.md says what.\n");
        return text.ToString();
    }

    /// <summary>Case, backend, rate and share of the limit: what a case's rows have in common, so that only its first peer's row says it.</summary>
    private static string OwnSide(BenchEntry e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Case}{(e.Threads > 1 ? $", {e.Threads} threads" : "")}{(e.Clock is null ? "" : $", {e.Clock} time")} | {e.Backend}, {e.Isa} | {Number(e.Rate)} {e.Unit} | {(e.LimitRate is { } limit ? (e.Rate / limit).ToString("P0", CultureInfo.InvariantCulture) : "")}");

    private static bool IsOf(BenchEntry? above, BenchEntry e) =>
        above is not null && (above.Case, above.Backend, above.Isa, above.Threads, above.Clock, above.Rate) == (e.Case, e.Backend, e.Isa, e.Threads, e.Clock, e.Rate);

    /// <summary>What bounds the cases, those with the same bound together.</summary>
    private static string LimitsOf(BenchEntry[] entries) => string.Join("; ", entries
        .Where(static e => e.LimitedBy is not null)
        .GroupBy(static e => e.LimitedBy)
        .Select(static g => $"{string.Join(", ", g.Select(static e => e.Case).Distinct())}: {g.Key!.TrimEnd('.')}"));

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
