using System.Diagnostics;
using PtaKernels.Cli.Bench;

namespace PtaKernels.Scaling;

/// <summary>Work of one size whose answer has been checked.</summary>
/// <param name="X">The size.</param>
/// <param name="Units">Units of one call, document or problem: what the sweep's cost is of.</param>
/// <param name="Work">Does it over and over.</param>
/// <param name="Limit">The machine's limit; asked after timing.</param>
internal sealed record SweepPoint(double X, double Units, IContestant Work, Func<RateLimit?>? Limit = null);

/// <summary>One way of doing the work at several sizes.</summary>
/// <param name="Name">The way.</param>
/// <param name="Cost">What the exponent is of.</param>
/// <param name="Check">What the answers were compared with.</param>
/// <param name="Points">The sizes.</param>
/// <param name="FitFrom">The exponent is that of sizes from here on.</param>
internal sealed record Sweep(string Name, string Cost, string Check, IReadOnlyList<SweepPoint> Points, double FitFrom = 0);

/// <summary>Sweeps that are timed together, all points in turn in each round, so that whatever else the machine does meets all of them.</summary>
/// <param name="Id">Stable name.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Horizontal">The quantity.</param>
/// <param name="Unit">What a rate counts per second.</param>
/// <param name="Sweeps">The sweeps.</param>
internal sealed record SweepChart(string Id, string Title, string Horizontal, string Unit, IReadOnlyList<Sweep> Sweeps)
{
    /// <summary>Times all points.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="slice">Seconds of a point in a round; a pass that takes longer is one pass.</param>
    /// <param name="cancellation">Ends it between two points.</param>
    public ScalingChart Measure(int rounds, double slice, CancellationToken cancellation)
    {
        SweepPoint[] all = [.. Sweeps.SelectMany(static s => s.Points)];
        double[][] rates = [.. all.Select(_ => new double[rounds])];
        GC.Collect();
        foreach (SweepPoint point in all)
            point.Work.Run(slice / 4);
        for (int round = 0; round < rounds; round++)
        {
            foreach ((int p, SweepPoint point) in all.Index())
            {
                cancellation.ThrowIfCancellationRequested();
                rates[p][round] = point.Work.Run(slice).Rate;
            }
        }

        int at = 0;
        return new ScalingChart(Id, Title, Horizontal, Unit, [.. Sweeps.Select(sweep =>
        {
            ScalingPoint[] points = [.. sweep.Points.Select(p => Result(p, rates[at++]))];
            return new ScalingSweep(sweep.Name, sweep.Cost, sweep.Check, CostExponent.Fit(points.Select(static p => (p.X, p.Seconds)), sweep.FitFrom), points);
        })]);
    }

    private static ScalingPoint Result(SweepPoint point, double[] rates)
    {
        double median = BenchResult.Median(rates);
        RateLimit? limit = point.Limit?.Invoke();
        return new ScalingPoint(
            point.X, BenchFiles.Significant(point.Units / median), BenchFiles.Significant(median), BenchFiles.Significant(rates.Min()), BenchFiles.Significant(rates.Max()),
            limit is null ? null : BenchFiles.Significant(limit.Rate), limit?.By);
    }
}

/// <summary>Whole documents over and over, of which the seconds of one stage count, by the backend's own report; no longer than a few times as long as asked for in all.</summary>
internal sealed class StageLoop(string name, double units, AlignmentStage stage, Action<AlignmentReport> pass) : IContestant
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public Lap Run(double seconds)
    {
        const int Longer = 3;
        var report = new AlignmentReport();
        var clock = Stopwatch.StartNew();
        int passes = 0;
        do
        {
            pass(report);
            passes++;
        }
        while (report.SecondsOf(stage) < seconds && clock.Elapsed.TotalSeconds < Longer * seconds);
        return new Lap(passes * units, report.SecondsOf(stage));
    }
}
