using PtaKernels.Alignment;

namespace PtaKernels.Pipeline;

/// <summary>What is left of the teachers' words, and how the rows name the next token.</summary>
/// <param name="Sources">By source, then of what the student sees.</param>
/// <param name="Rules">Teacher signal kept by rule.</param>
internal sealed record SignalSection(IReadOnlyList<RowQuality> Sources, IReadOnlyList<RuleSignal> Rules)
{
    private const string MergedName = "fused";

    /// <summary>From the run's own alignment.</summary>
    public static SignalSection Of(StudentPass pass, IReadOnlyList<string> sources)
    {
        AlignmentRunReport report = pass.Report;
        List<RowQuality> rows = [.. sources.Select((name, s) => RowQuality.Of(name, report.Gold[s], pass.Signal[s].Mean))];
        if (report.MergedGold.Rows > 0)
            rows.Add(RowQuality.Of(MergedName, report.MergedGold, pass.MergedSignal.Mean));
        RowRule[] rules = [.. Enum.GetValues<RowRule>().Where(r => pass.Signal.Any(s => s.RowsOf(r) > 0))];
        return new SignalSection(rows, [.. rules.Select(r => new RuleSignal(
            RowProvenance.LetterOf(r).ToString(), RuleMeanings.Of(r), [.. pass.Signal.Select(s => s.RowsOf(r))], [.. pass.Signal.Select(s => s.MeanOf(r))]))]);
    }

    /// <summary>The tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Teacher signal");
        yield return new TextBlock("Signal kept is the share of a source's mass, pushed to the nearest target tokens, that the fused row still has where the source put it. Gold top-1 is the share of rows whose most probable token is the document's next one; below the target's own, such rows teach less than the target knows.");
        yield return new FiguresBlock(
            ["rows of", "rows with a\nnext token", "signal kept", "gold top-1", "target's own\ngold top-1", "p(gold)"],
            [.. Sources.Select((row, s) => (Figure[])[Figure.Of(row.Source), .. row.Cells($"signal.sources[{s}]")])],
            [.. Sources.Index().Where(static s => s.Item.Source == MergedName).Select(static s => s.Index)]);
        if (Rules.Count == 0)
            yield break;
        string[] names = [.. Sources.Take(Rules[0].Rows.Count).Select(static s => s.Source)];
        yield return new FiguresBlock(
            ["rule", .. names.SelectMany(static n => new[] { $"{n}\nrows", "signal kept" }), "meaning"],
            [.. Rules.Select((rule, r) => (Figure[])
            [
                Figure.Of(rule.Letter),
                .. rule.Rows.SelectMany((rows, s) => new[] { Figure.Count($"signal.rules[{r}].rows[{s}]", rows), Figure.Share($"signal.rules[{r}].kept[{s}]", rule.Kept[s]) }),
                Figure.Of(rule.Meaning),
            ])]);
    }
}

/// <summary>How rows name the next token.</summary>
internal sealed record RowQuality(string Source, long Rows, double? SignalKept, double? GoldTop1, double? TargetTop1, double? GoldProbability)
{
    public static RowQuality Of(string source, GoldStatistics gold, double? kept) => gold.Rows == 0
        ? new RowQuality(source, 0, kept, null, null, null)
        : new RowQuality(source, gold.Rows, kept, gold.FusedHits / (double)gold.Rows, gold.TargetHits / (double)gold.Rows, gold.FusedProbability / gold.Rows);

    public IEnumerable<Figure> Cells(string path) =>
    [
        Figure.Count(path + ".rows", Rows), Figure.Share(path + ".signal_kept", SignalKept), Figure.Share(path + ".gold_top1", GoldTop1), Figure.Share(path + ".target_top1", TargetTop1),
        Figure.Number(path + ".gold_probability", GoldProbability, 4),
    ];
}

/// <summary>Teacher signal kept by one rule, by source.</summary>
internal sealed record RuleSignal(string Letter, string Meaning, IReadOnlyList<long> Rows, IReadOnlyList<double?> Kept);
