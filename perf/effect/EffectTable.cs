using System.Globalization;
using PtaKernels.Pipeline;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>The study's result as README.md has it: what was measured, whether <c>fusion</c> holds, the table, what predicts it.</summary>
internal static class EffectTable
{
    /// <summary>A difference counts below this p.</summary>
    private const double Significant = 0.005;

    private static readonly Dictionary<string, string> Headings = new(StringComparer.Ordinal)
    {
        ["presets"] = "presets",
        ["baselines"] = "other teachers and other methods",
        ["controls"] = "training without teachers",
        ["ideas"] = "ideas",
        [EffectMethod.Search] = "the search that set fusion: SPEC A2's values, their changes, and what won put together",
    };

    /// <summary>The block between the marks of README.md.</summary>
    /// <param name="statistics">What was measured.</param>
    /// <param name="charts">The pictures, by the path that the page reaches them with.</param>
    public static string ToMarkdown(EffectStatistics statistics, IReadOnlyList<ChartBlock> charts) => ReportMarkdown.Of(Blocks(statistics, charts, search: false));

    /// <summary>The same, to begin a longer page with.</summary>
    /// <param name="statistics">What was measured.</param>
    /// <param name="charts">The pictures.</param>
    /// <param name="search">Also the rows of the search that set <c>fusion</c>.</param>
    public static IReadOnlyList<ReportBlock> Blocks(EffectStatistics statistics, IReadOnlyList<ChartBlock> charts, bool search) =>
    [
        .. Conclusions(statistics),
        Compared(statistics, search ? statistics.Ordered : statistics.Shown),
        .. Searched(statistics, search),
        new TextBlock(
            "Δ: method minus the control of the same seed, bits per byte of held-out text, ± standard error over seeds; negative is better. p: two-sided paired t-test over seeds, for each row alone. Δ to fusion: method minus fusion of the same seed on all text, each less its own control where these differ. w: share of the next-token loss. "
            + "Coverage: share of the target's rows that are taught. Gold top-1: share of these whose most probable token is the document's next one, and the same of the target's own rows. p(gold): mean probability of that token. Signal: share of the teachers' probability that is kept. Seconds: of alignment. "
            + "Official rows have a control of their own, trained on the same blocks."),
        .. Changes(statistics),
        .. charts,
        .. Starts(statistics),
        .. Against(statistics),
        .. Prediction(statistics),
        .. Documents(statistics),
        new TextBlock($"{Made(statistics.Results)} Held out: {HeldOut(statistics.Results)}. {Where(statistics.Results)}"),
        .. statistics.Added.Where(static a => a.Rows.Count > 0).Select(a => Later(statistics, a)),
    ];

    /// <summary>A p-value with the digits that it deserves; empty where there is none.</summary>
    public static string P(double? p) => p is not { } value || double.IsNaN(value) ? "" : value < 1e-4 ? "<0.0001" : ChartAxis.Fixed(value, value < 0.01 ? 4 : value < 0.1 ? 3 : 2);

    /// <summary>The same after its letter.</summary>
    public static string InSentence(double p) => $"p {P(p).Replace("<", "< ", StringComparison.Ordinal)}";

    /// <summary>A difference with its standard error, where it has one.</summary>
    public static string Difference(PairedTTest? test) => test is not { } t ? "" : double.IsNaN(t.StandardError) ? ChartAxis.Signed(t.Mean, 4) : $"{ChartAxis.Signed(t.Mean, 4)} ± {ChartAxis.Fixed(t.StandardError, 4)}";

    public static string Number(double? value, int digits) => value is { } number ? ChartAxis.Fixed(number, digits) : "";

    public static string Weight(double? value, string format = "0.###") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static IEnumerable<ReportBlock> Conclusions(EffectStatistics statistics)
    {
        if (statistics.Find(EffectStatistics.Fusion) is not { } fusion)
            yield break;
        string p = Significant.ToString(CultureInfo.InvariantCulture), where = statistics.Domains.Count == 1 ? $"in {statistics.Domains[0]}" : "in every domain";
        EffectMethod[] rivals = statistics.RivalsOf(fusion);
        string[] beaten = [.. rivals.Where(r => Holds(statistics, r, fusion)).Select(static r => r.Name)], lost = [.. rivals.Where(r => Holds(statistics, fusion, r)).Select(static r => r.Name)];
        string[] open = [.. rivals.Select(static r => r.Name).Except(beaten).Except(lost)];
        if (beaten.Length > 0)
            yield return new TextBlock($"fusion is better than {List(beaten)} with p < {p} {where}, as it is and less the controls.");
        if (open.Length > 0)
            yield return new TextBlock($"fusion is not shown to be better than {List(open)}: with p < {p} {where}, as it is and less the controls, it would be.");
        if (lost.Length > 0)
            yield return new TextBlock($"fusion is worse than {List(lost)} with p < {p} {where}, as it is and less the controls.");
        if (fusion.Bootstrap.Count > 0)
            yield return new TextBlock($"Over resampled documents instead of seeds, 95 % intervals of fusion's difference to {fusion.Control}: {string.Join("; ", fusion.Bootstrap.Select(static b => $"{b.Key} {ChartAxis.Signed(b.Value.Low, 4)} to {ChartAxis.Signed(b.Value.High, 4)}"))}.");
        string[] shares = [.. statistics.BesideTwins.Select(p => $"{p.Method.Name} recovers {Shares(statistics, p.Method, p.Twin)}")];
        if (shares.Length > 0)
            yield return new TextBlock($"Of what a teacher with the target's own tokenizer gains at as many candidates ({EffectStatistics.Twin}), {string.Join("; ", shares)}.");
    }

    private static string Shares(EffectStatistics statistics, EffectMethod method, EffectMethod twin) =>
        $"{Number(statistics.Recovered(method, twin, EffectResults.All), 2)} ({string.Join(", ", statistics.Domains.Select(d => $"{d} {Number(statistics.Recovered(method, twin, d), 2)}"))})";

    /// <summary>Whether the second is better in every domain, as it is and, where they have two controls, less them.</summary>
    private static bool Holds(EffectStatistics statistics, EffectMethod first, EffectMethod second) => statistics.Domains.All(d =>
        IsGain(EffectStatistics.Between(first, second, d)) && (!EffectStatistics.HaveTwoControls(first, second) || IsGain(statistics.BetweenGains(first, second, d))));

    private static bool IsGain(PairedTTest? test) => test is { Mean: < 0, PValue: < Significant };

    private static TableBlock Compared(EffectStatistics statistics, IEnumerable<EffectMethod> methods)
    {
        string[] domains = [.. statistics.Domains];
        string[] columns = ["method", "change", "w", .. domains.Select(static d => $"Δ {d}"), .. domains.Select(static d => $"p {d}"), "Δ to fusion", "coverage", "gold top-1 / own", "p(gold)", "signal", "seconds", "seeds"];
        List<string[]> rows = [];
        List<int> bold = [];
        string? group = null;
        foreach (EffectMethod m in methods.Where(static m => !IsStart(m)))
        {
            if (m.Group != group)
            {
                group = m.Group;
                bold.Add(rows.Count);
                rows.Add([Headings.GetValueOrDefault(group, $"fusion, other {group}"), .. Enumerable.Repeat("", columns.Length - 1)]);
            }

            double? coverage = EffectStatistics.Mean(m, static r => r.Coverage), gold = EffectStatistics.Mean(m, static r => r.GoldTop1), own = EffectStatistics.Mean(m, static r => r.TargetTop1);
            PairedTTest?[] gains = [.. domains.Select(d => statistics.Gain(m, d))];
            rows.Add(
            [
                m.Name, m.Change, Weight(m.LossWeight), .. gains.Select(Difference), .. gains.Select(static g => P(g?.PValue)), ToFusion(statistics.AgainstFusion(m, EffectResults.All)),
                Number(coverage, 3), gold is null ? "" : own is null ? Number(gold, 3) : $"{Number(gold, 3)} / {Number(own, 3)}",
                Number(EffectStatistics.Mean(m, static r => r.GoldProbability), 3), Number(EffectStatistics.Mean(m, static r => r.SignalKept), 3),
                coverage is null ? "" : Number(EffectStatistics.Mean(m, static r => r.AlignSeconds), 1), $"{gains.FirstOrDefault()?.Count ?? m.Runs.Count}",
            ]);
        }

        return new TableBlock(columns, rows, bold);
    }

    private static IEnumerable<ReportBlock> Searched(EffectStatistics statistics, bool shown)
    {
        int count = statistics.Ordered.Count - statistics.Shown.Count();
        if (!shown && count > 0)
            yield return new TextBlock($"The {count} rows of the search that set fusion's values are on the results' own page.");
    }

    private static IEnumerable<ReportBlock> Changes(EffectStatistics statistics)
    {
        (EffectMethod Row, EffectMethod Of)[] pairs = [.. from m in statistics.Shown let other = statistics.Beside(m, m.ChangeOf) where other is not null select (m, other)];
        if (pairs.Length == 0)
            yield break;
        yield return new TextBlock("Rows that are changes of another row than fusion, against that row, seed by seed:");
        yield return new TableBlock(
            ["method", "against", .. statistics.Domains.SelectMany(static d => new[] { $"Δ {d}", "p" }), "seeds"],
            [
                .. pairs.Select(p => (string[])
                [
                    p.Row.Name, p.Of.Name, .. statistics.Domains.SelectMany(d => Pair(EffectStatistics.Between(p.Of, p.Row, d))), $"{EffectStatistics.Between(p.Of, p.Row, EffectResults.All)?.Count ?? 0}",
                ]),
            ], []);
    }

    private static string[] Pair(PairedTTest? test) => [Difference(test), P(test?.PValue)];

    private static string ToFusion(PairedTTest? test) => test is not { } t ? "" : double.IsNaN(t.PValue) ? ChartAxis.Signed(t.Mean, 4) : $"{ChartAxis.Signed(t.Mean, 4)}, {InSentence(t.PValue)}";

    /// <summary>What is trained and compared with nothing: its bits stand in a table of their own.</summary>
    private static bool IsStart(EffectMethod method) => method.Control is null && method.Runs.Any(static r => r.BitsPerByte.Count > 0);

    private static IEnumerable<ReportBlock> Starts(EffectStatistics statistics)
    {
        (string Name, IReadOnlyDictionary<string, double>[] Runs)[] starts =
        [
            .. statistics.Results.Models.GroupBy(static m => m.Name).Select(static g => (g.Key, g.Select(static m => m.BitsPerByte).ToArray())),
            .. statistics.Ordered.Where(IsStart).Select(static m => ($"{m.Name}: {m.Change}", m.Runs.Select(static r => r.BitsPerByte).ToArray())),
        ];
        if (starts.Length == 0)
            yield break;
        yield return new TextBlock("What is there without fusion, bits per byte ± standard error over seeds, or over sets of teachers:");
        yield return new TableBlock(
            ["model", .. statistics.Results.Domains, "seeds or sets"],
            [.. starts.Select(s => (string[])[s.Name, .. statistics.Results.Domains.Select(d => Bits([.. s.Runs.Where(r => r.ContainsKey(d)).Select(r => r[d])])), $"{s.Runs.Length}"])], []);
    }

    private static string Bits(double[] values)
    {
        PairedTTest test = PairedTTest.Of(new double[values.Length], values);
        return values.Length == 0 ? "" : double.IsNaN(test.StandardError) ? ChartAxis.Fixed(test.Mean, 4) : $"{ChartAxis.Fixed(test.Mean, 4)} ± {ChartAxis.Fixed(test.StandardError, 4)}";
    }

    private static IEnumerable<ReportBlock> Against(EffectStatistics statistics)
    {
        EffectMethod? fusion = statistics.Find(EffectStatistics.Fusion);
        if (fusion is null || statistics.RivalsOf(fusion) is not { Length: > 0 } rivals)
            yield break;
        yield return new TextBlock("fusion against others, seed by seed: as they are, and each less its own control where these differ:");
        yield return new TableBlock(
            ["fusion against", .. statistics.Domains.SelectMany(static d => new[] { $"Δ {d}", "p" }), .. statistics.Domains.SelectMany(static d => new[] { $"Δ {d}, less controls", "p" })],
            [
                .. rivals.Select(r => (string[])
                [
                    r.Name, .. statistics.Domains.SelectMany(d => Pair(EffectStatistics.Between(r, fusion, d))),
                    .. statistics.Domains.SelectMany(d => Pair(EffectStatistics.HaveTwoControls(r, fusion) ? statistics.BetweenGains(r, fusion, d) : null)),
                ]),
            ], []);
    }

    private static IEnumerable<ReportBlock> Prediction(EffectStatistics statistics)
    {
        IReadOnlyList<EffectPrediction> predictions = statistics.Predictions();
        if (predictions.Count < 3)
            yield break;
        (string Name, Func<EffectPrediction, double?> Figure)[] figures =
            [("p(gold)", static p => p.GoldProbability), ("gold top-1 less the target's own", static p => p.Advantage), ("signal kept", static p => p.SignalKept)];
        yield return new TextBlock("Do rows tell beforehand what training on them gives? Spearman's rank correlation of a figure of the rows, which takes seconds, with Δ of all text, which takes training; −1 is a perfect forecast. Rows that only get another weight or other text are left out.");
        yield return new TableBlock(
            ["figure of the rows", "rank correlation with Δ", "p", "methods"],
            [.. figures.Select(f => (f.Name, Rank: EffectStatistics.Correlation(predictions, f.Figure))).Where(static f => !double.IsNaN(f.Rank.Coefficient)).Select(static f => (string[])[f.Name, ChartAxis.Fixed(f.Rank.Coefficient, 2), P(f.Rank.PValue), $"{f.Rank.Count}"])], []);
    }

    private static IEnumerable<ReportBlock> Documents(EffectStatistics statistics)
    {
        const int Shown = 5;
        if (statistics.Find(EffectStatistics.Fusion) is not { Worst.Count: > 0 } fusion)
            yield break;
        EffectDocument[] documents =
        [
            .. fusion.Worst.Where(static d => !d.IsBest).OrderByDescending(static d => d.Difference).Take(Shown),
            .. fusion.Worst.Where(static d => d.IsBest).OrderBy(static d => d.Difference).Take(Shown),
        ];
        yield return new TextBlock($"Documents on which fusion loses and gains most against {fusion.Control}, mean over seeds:");
        yield return new TableBlock(["document", "domain", "Δ"], [.. documents.Select(static d => (string[])[d.Document, d.Domain, ChartAxis.Signed(d.Difference, 3)])], []);
    }

    /// <summary>Of rows that came later: where they are from, and what <c>fusion</c> gained there, which tells whether the two can stand in one table.</summary>
    private static TextBlock Later(EffectStatistics statistics, AddedRows added)
    {
        EffectMethod? fusion = added.Results.Methods.FirstOrDefault(static m => m.Name == EffectStatistics.Fusion);
        string[] gains = fusion is null ? [] : [.. statistics.Domains.Select(d => (d, Gain: statistics.Gain(fusion, d))).Where(static g => g.Gain is not null).Select(static g => $"{g.d} {Difference(g.Gain)}")];
        string names = List([.. added.Rows.Select(static m => m.Name)]), there = gains.Length == 0 ? "" : $" fusion's Δ there: {string.Join(", ", gains)}.";
        return new TextBlock($"{(added.Rows.Count == 1 ? "Row" : "Rows")} {names}, compared with the controls and the fusion of their own call: {Made(added.Results)}{there} {Where(added.Results)}");
    }

    private static string Made(EffectResults results)
    {
        IEnumerable<string> sets = results.TeacherSets.GroupBy(static s => s.Value).OrderBy(static g => g.Key).Select(static g => $"{g.Key} for {List([.. g.Select(static s => s.Key).Order().Select(static s => $"{s}")])}");
        string time = results.Seconds >= 5400 ? $"{Number(results.Seconds / 3600, 1)} hours" : $"{Number(results.Seconds / 60, 1)} minutes";
        string seeds = List([.. results.Seeds.Select(static s => $"{s}")]);
        return $"{results.Command}: {time} of training, alignment and evaluation. Seeds {seeds}; sets of teachers by seed: {string.Join("; ", sets)}.";
    }

    private static string HeldOut(EffectResults results) =>
        string.Join(", ", results.HeldOut.Select(static t => $"{t.Key} {t.Value.Documents.ToString("N0", CultureInfo.InvariantCulture)} documents, {(t.Value.Bytes / 1e6).ToString("0.00", CultureInfo.InvariantCulture)} MB"));

    private static string Where(EffectResults results) =>
        $"{results.Date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC. {results.Machine}. {string.Join(", ", results.Versions.Select(static v => $"{v.Key} {v.Value}"))}.";

    private static string List(string[] words) => words.Length < 2 ? string.Concat(words) : $"{string.Join(", ", words[..^1])} and {words[^1]}";
}
