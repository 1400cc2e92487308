using System.Globalization;

namespace PtaKernels.Pipeline;

/// <summary>What a fusion's pages say, in order: the result first, then how it came about.</summary>
internal static class FusionReportPage
{
    private const string ResultNote = "Bits per byte of held-out text; lower is better. Differences are paired over the same documents, ± standard error over resampled documents; negative is better.";

    /// <summary>The table of the result as a picture.</summary>
    public static Chart TableOf(FusionReport report)
    {
        TableBlock table = Result(report);
        return Charts.Table(report.Title, table.Columns, table.Rows, ResultNote, table.Bold);
    }

    public static IReadOnlyList<ReportBlock> Of(FusionReport report)
    {
        List<ReportBlock> page = [.. report.Conclusions.Select(static c => new TextBlock(c))];
        page.AddRange(report.Students.Where(static s => s.HasWorseRows).Select(s => new TextBlock(
            $"{s.Name}: its fused rows name the next token less often ({Share(s.GoldTop1)}) than the target's own rows do ({Share(s.TargetTop1)}); training on them pulls the student back. Use another preset, or other switches.", IsWarning: true)));
        page.AddRange(report.Warnings.Select(static w => new TextBlock(w, IsWarning: true)));
        page.Add(new HeadingBlock("Result"));
        page.Add(Result(report));
        page.Add(new TextBlock(ResultNote));
        AddDifferences(page, report);
        AddLosses(page, report);
        AddRows(page, report);
        page.Add(new HeadingBlock("Models"));
        page.Add(Models(report));
        AddStages(page, report);
        page.Add(new HeadingBlock("Run"));
        page.Add(Made(report));
        page.Add(new CodeBlock("Configuration", report.Config));
        return page;
    }

    /// <summary>The result alone.</summary>
    public static IReadOnlyList<ReportBlock> Summary(FusionReport report) => [Result(report), new TextBlock(ResultNote), .. report.Warnings.Select(static w => new TextBlock(w)), Made(report)];

    private static TextBlock Made(FusionReport report) =>
        new($"{report.Date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC. {report.Machine}. {string.Join(", ", report.Versions.Select(static v => $"{v.Key} {v.Value}"))}.");

    private static IEnumerable<ReportStudent> ControlFirst(FusionReport report) => report.Students.OrderByDescending(static s => s.Preset is null);

    /// <summary>What stands beside a student that was trained with teachers.</summary>
    private static string ControlOf(FusionReport report) => report.Students.Count(static s => s.Preset is null) > 1 ? "its control" : report.Control ?? "";

    private static TableBlock Result(FusionReport report)
    {
        bool controlled = report.Control is not null;
        string[] columns =
        [
            "model", "preset", "w", "tokens", .. report.Domains.Select(static d => $"{d}\nbits per byte"),
            .. report.Domains.Select(d => controlled ? $"Δ {d}\nagainst {ControlOf(report)}" : $"Δ {d}\nagainst the start"),
        ];
        List<string[]> rows = [["target before", "", "", "", .. report.Domains.Select(d => Bits(report.Target.BitsPerByte, d)), .. report.Domains.Select(static _ => "")]];
        foreach (ReportStudent s in ControlFirst(report))
        {
            IReadOnlyList<ReportDifference> differences = controlled ? s.AgainstControl : s.AgainstStart;
            rows.Add(
            [
                s.Name, s.Preset ?? "", Number(s.LossWeight, "0.##"), Count(s.Tokens), .. report.Domains.Select(d => Bits(s.BitsPerByte, d)),
                .. report.Domains.Select(d => differences.FirstOrDefault(x => x.Domain == d) is { } x ? $"{ChartAxis.Signed(x.Difference, 4)} ± {ChartAxis.Fixed(x.StandardError, 4)}" : ""),
            ]);
        }

        return new TableBlock(columns, rows, BestRow(report, rows));
    }

    /// <summary>The student with the fewest bits per byte over all.</summary>
    private static int[] BestRow(FusionReport report, List<string[]> rows)
    {
        if (report.Domains.Count == 0 || report.Students.Count < 2)
            return [];
        string all = report.Domains[^1];
        ReportStudent? best = report.Students.Where(s => s.BitsPerByte.ContainsKey(all)).MinBy(s => s.BitsPerByte[all]);
        return best is null ? [] : [rows.FindIndex(1, r => r[0] == best.Name)];
    }

    private static void AddDifferences(List<ReportBlock> page, FusionReport report)
    {
        (string Against, Func<ReportStudent, IReadOnlyList<ReportDifference>> Of)[] comparisons = [(ControlOf(report), static s => s.AgainstControl), ("the target before", static s => s.AgainstStart)];
        (string Against, ReportStudent Student, ReportDifference Difference)[] all =
            [.. comparisons.SelectMany(c => ControlFirst(report).SelectMany(s => c.Of(s).Where(d => s.Name != c.Against).Select(d => (c.Against, s, d))))];
        if (all.Length == 0)
            return;
        string shown = all[0].Against;
        page.Add(new ChartBlock("differences.png", Charts.Differences(
            [.. report.Domains.SelectMany(domain => all.Where(a => a.Against == shown && a.Difference.Domain == domain)).Select(static a => new DifferenceBar(a.Student.Name, a.Difference.Domain, a.Difference.Difference, a.Difference.Low, a.Difference.High))],
            shown)));
        page.Add(new TableBlock(
            ["student", "against", "domain", "difference", "95 % interval", "standard error", "p"],
            [.. all.Select(static a => new[]
            {
                a.Student.Name, a.Against, a.Difference.Domain, ChartAxis.Signed(a.Difference.Difference, 4), $"{ChartAxis.Signed(a.Difference.Low, 4)} … {ChartAxis.Signed(a.Difference.High, 4)}",
                ChartAxis.Fixed(a.Difference.StandardError, 4), a.Difference.PValue < 0.0001 ? "<0.0001" : Number(a.Difference.PValue, "0.0000"),
            })], []));
        page.Add(new TextBlock("Paired bootstrap over documents; p is two-sided. It covers the choice of held-out documents, not of seeds, teachers or training text."));
    }

    private static void AddLosses(List<ReportBlock> page, FusionReport report)
    {
        // Students take the colours that they have among the differences, so a second control comes last.
        LossSeries[] losses = [.. report.Students.OrderBy(s => s.Name == report.Control ? 0 : s.Preset is not null ? 1 : 2).Select(static s => s.Loss).OfType<LossSeries>()];
        if (losses.Length == 0)
            return;
        page.Add(new HeadingBlock("Training"));
        page.Add(new ChartBlock("loss.png", Charts.LossCurves(losses, "Next-token loss in training")));
    }

    private static void AddRows(List<ReportBlock> page, FusionReport report)
    {
        ReportStudent[] fused = [.. report.Students.Where(static s => s.Coverage is not null)];
        if (fused.Length == 0)
            return;
        page.Add(new HeadingBlock("Fused rows, before any training"));
        page.Add(new TableBlock(
            ["student", "coverage", "gold top-1", "target's own\non the same rows", "teacher signal\nkept"],
            [.. fused.Select(static s => new[] { s.Name, Share(s.Coverage), Share(s.GoldTop1), Share(s.TargetTop1), Share(s.SignalKept) })], []));
        page.Add(new TextBlock("Coverage: share of the target's rows with a fused distribution. Gold top-1: share of these rows whose most probable token is the next one; where it lies below the target's own, fusion teaches less than the target knows."));
    }

    private static TableBlock Models(FusionReport report) => new(
        ["model", "role", "family", "parameters", "tokenizer", .. report.Domains.Select(static d => $"{d}\nbits per byte")],
        [.. report.Sources.Select(m => (Model: m, Role: "source")).Prepend((report.Target, "target")).Select(m => new[]
        {
            m.Item1.Name, m.Item2, m.Item1.Family, Count(m.Item1.Parameters), m.Item1.Tokenizer,
        }.Concat(report.Domains.Select(d => Bits(m.Item1.BitsPerByte, d))).ToArray())], []);

    private static void AddStages(List<ReportBlock> page, FusionReport report)
    {
        if (report.Stages.Count == 0)
            return;
        double total = Math.Max(1e-9, report.Stages.Sum(static s => s.Seconds)), alignment = report.Stages.Where(static s => s.IsAlignment).Sum(static s => s.Seconds);
        page.Add(new HeadingBlock("Time"));
        page.Add(new TableBlock(
            ["stage", "seconds", "share"],
            [.. report.Stages.Append(new ReportStage("all", total)).Select(s => new[] { s.Name, Number(s.Seconds, "0.0"), Number(100 * s.Seconds / total, "0.0") + " %" })], [report.Stages.Count]));
        page.Add(new TextBlock($"Alignment took {Number(alignment, "0.0")} s, {Number(100 * alignment / total, "0.0")} % of the whole. A stage that was reused counts with what it took when it ran."));
    }

    private static string Bits(IReadOnlyDictionary<string, double> bits, string domain) => bits.TryGetValue(domain, out double value) ? ChartAxis.Fixed(value, 4) : "";

    private static string Share(double? value) => value is { } share ? ChartAxis.Fixed(share, 3) : "";

    private static string Count(long value) => value >= 1_000_000_000 ? Number(value / 1e9, "0.00") + " G" : value >= 1_000_000 ? Number(value / 1e6, "0.00") + " M" : value >= 10_000 ? Number(value / 1e3, "0") + " k" : Number(value, "0");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
