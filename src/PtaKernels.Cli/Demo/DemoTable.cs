using System.Globalization;
using PtaKernels.Cli.Inspect;

namespace PtaKernels.Cli.Demo;

/// <summary>Presets side by side.</summary>
internal sealed class DemoTable(Terminal terminal, IReadOnlyList<DemoRun> runs)
{
    private const int Label = 44;

    private const int Cell = 23;

    public void Write()
    {
        Line("", static r => r.Name, heading: true);
        Line("documents aligned", static r => r.DocumentsAligned);
        Line("student tokens, once per teacher", static r => Count(r.RowsSeen));
        terminal.Line();
        Line("rows that a teacher reached", r => Share(Reached(r), r.RowsSeen), heading: true);
        foreach (RowRule rule in Enum.GetValues<RowRule>().Where(rule => runs.Any(r => r.RowsOf(rule) > 0)).OrderBy(static rule => !new RowProvenance(rule).Transferred).ThenBy(static rule => rule))
            Line($"  {RowProvenance.LetterOf(rule)} {RuleNames.Of(rule)}", r => r.RowsOf(rule) == 0 ? "-" : Share(r.RowsOf(rule), r.RowsSeen), RuleLegend.ColourOf(rule));
        terminal.Line();
        Line("transports solved", static r => Count(r.Transports), heading: true);
        Line("  certified optimal", static r => Certified(r));
        Line("  handed over to the exact solver", static r => Count(r.TransportsOf(TransportStatus.ExactFallback)));
        Line("  not a number or not finished", static r => Count(r.TransportsOf(TransportStatus.NotFinite) + r.TransportsOf(TransportStatus.IterationLimit)));
        terminal.Line();
        Line("teacher signal kept in the fused rows", static r => Percent(r.SignalKept), heading: true);
        Line("next token named by the fused row", static r => Share(r.Gold.FusedHits, r.Gold.Rows), heading: true);
        Line("  by the student alone, on the same rows", static r => Share(r.Gold.TargetHits, r.Gold.Rows));
        terminal.Line();
        Line("seconds, added over workers", r => Seconds(Total(r)), heading: true);
        foreach (AlignmentStage stage in Enum.GetValues<AlignmentStage>())
            Line($"  {RuleNames.Of(stage)}", r => Seconds(r.SecondsOf(stage)) + $"{Percent(r.SecondsOf(stage) / Total(r)),10}");
        Line("elapsed", static r => Seconds(r.Seconds), heading: true);
        Line("student tokens per second", static r => Count((long)(r.RowsSeen / r.Seconds)));
    }

    private static double Total(DemoRun run) => Enum.GetValues<AlignmentStage>().Sum(run.SecondsOf);

    public static long Reached(DemoRun run) => Enum.GetValues<RowRule>().Where(static rule => new RowProvenance(rule).Transferred).Sum(run.RowsOf);

    private static string Certified(DemoRun run) => run.Options.Transport switch
    {
        _ when run.Options.Projection == ProjectionRule.Byte => "none to certify",
        TransportKind.Official => "no certificate exists",
        TransportKind.SemiRelaxed => "closed form, exact",
        _ => Share(run.TransportsOf(TransportStatus.Converged), run.Transports),
    };

    private void Line(string label, Func<DemoRun, string> cell, string? colour = null, bool heading = false)
    {
        string text = Terminal.Escape(CellText.Fit(label, Label));
        string cells = Terminal.Escape(string.Concat(runs.Select(r => CellText.Fit(cell(r), Cell) + " ")).TrimEnd());
        terminal.Line(heading ? $"[bold]{text}{cells}[/]" : colour is null ? text + cells : $"[{colour}]{text}[/]{cells}");
    }

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture) + " %";

    private static string Share(long part, long whole) => Percent(part / (double)Math.Max(1, whole));

    private static string Seconds(double seconds) => seconds.ToString("F2", CultureInfo.InvariantCulture) + " s";
}
