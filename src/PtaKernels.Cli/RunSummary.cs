using PtaKernels.Alignment;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>A run's report as a table for readers and as JSON for programs; the same numbers.</summary>
internal sealed class RunSummary(AlignmentRunReport report, IReadOnlyList<string> sources, IReadOnlyList<int> order, AlignmentOptions options, TimeSpan elapsed, long resumedTokens = 0)
{
    public object Json => new
    {
        report.Documents,
        report.Quarantined,
        report.TargetTokens,
        Seconds = Math.Round(elapsed.TotalSeconds, 3),
        ResumedTokens = resumedTokens,
        TokensPerSecond = Math.Round((report.TargetTokens - resumedTokens) / elapsed.TotalSeconds),
        Switches = AlignmentSwitches.All.ToDictionary(static s => s.Name, s => s.Get(options)),
        SourceOrder = order.Select(s => sources[s]),
        Sources = sources.Select((name, s) => SourceJson(name, report.Sources[s], report.Gold[s])),
        Merged = options.Output == OutputUnit.Official ? null : new { Rows = MergedRows(), Gold = GoldJson(report.MergedGold) },
        report.Warning,
    };

    public void Print(Terminal terminal, string output)
    {
        terminal.Output.WriteLine(
            $"{report.Documents:N0} documents, {report.TargetTokens:N0} target tokens in {elapsed.TotalSeconds:F1} s ({(report.TargetTokens - resumedTokens) / elapsed.TotalSeconds:N0} a second): {output}");
        var table = new Table().Border(TableBorder.Simple).AddColumn("");
        foreach (string name in sources)
            table.AddColumn(new TableColumn(Terminal.Escape(name)).RightAligned());
        bool merged = report.MergedGold.Rows > 0 && sources.Count > 1;
        if (merged)
            table.AddColumn(new TableColumn("fused").RightAligned());
        foreach (RowRule rule in Enum.GetValues<RowRule>())
        {
            if (report.MergedRowsOf(rule) == 0 && Array.TrueForAll(report.Sources, s => s.RowsOf(rule) == 0))
                continue;
            Row($"{RowProvenance.LetterOf(rule)} {RuleNames.Of(rule)}", s => Share(report.Sources[s].RowsOf(rule), report.Sources[s].TargetTokens), Share(report.MergedRowsOf(rule), report.TargetTokens));
        }

        Row("transports solved", s => $"{report.Sources[s].Transports:N0}", "");
        Row("certified or converged", s => Share(report.Sources[s].TransportsOf(TransportStatus.Converged), report.Sources[s].Transports), "");
        Row("exact fallbacks", s => $"{report.Sources[s].TransportsOf(TransportStatus.ExactFallback):N0}", "");
        Row("teacher signal kept", s => report.Sources[s].SignalRows == 0 ? "-" : $"{report.Sources[s].SignalKept / report.Sources[s].SignalRows:F3}", "");
        Row("gold top-1, fused rows", s => Share(report.Gold[s].FusedHits, report.Gold[s].Rows), Share(report.MergedGold.FusedHits, report.MergedGold.Rows));
        Row("gold top-1, target's own", s => Share(report.Gold[s].TargetHits, report.Gold[s].Rows), Share(report.MergedGold.TargetHits, report.MergedGold.Rows));
        foreach (AlignmentStage stage in Enum.GetValues<AlignmentStage>())
            Row($"seconds, {RuleNames.Of(stage)}", s => $"{report.Sources[s].SecondsOf(stage):F2}", "");
        terminal.Console.Write(table);

        void Row(string label, Func<int, string> value, string fused)
        {
            IEnumerable<string> cells = sources.Select((_, s) => value(s));
            table.AddRow([label, .. cells, .. merged ? new[] { fused } : []]);
        }
    }

    private static string Share(long part, long whole) => whole == 0 ? "-" : $"{100.0 * part / whole:F1} %";

    private Dictionary<string, long> MergedRows() =>
        Enum.GetValues<RowRule>().Where(r => report.MergedRowsOf(r) > 0).ToDictionary(static r => RowProvenance.LetterOf(r).ToString(), report.MergedRowsOf);

    private static object SourceJson(string name, AlignmentReport one, GoldStatistics gold) => new
    {
        Name = name,
        one.Documents,
        one.RepairedDocuments,
        one.SourceTokens,
        one.TargetTokens,
        Rows = Enum.GetValues<RowRule>().Where(r => one.RowsOf(r) > 0).ToDictionary(static r => RowProvenance.LetterOf(r).ToString(), one.RowsOf),
        Transports = Enum.GetValues<TransportStatus>().ToDictionary(static s => AlignmentSwitches.Kebab(s.ToString()), one.TransportsOf),
        one.Iterations,
        one.ProjectionTies,
        SignalKept = one.SignalRows == 0 ? (double?)null : one.SignalKept / one.SignalRows,
        Gold = GoldJson(gold),
        Seconds = Enum.GetValues<AlignmentStage>().ToDictionary(static s => AlignmentSwitches.Kebab(s.ToString()), s => Math.Round(one.SecondsOf(s), 4)),
    };

    private static object GoldJson(GoldStatistics gold) => new { gold.Rows, gold.FusedHits, gold.TargetHits, gold.FusedProbability };
}
