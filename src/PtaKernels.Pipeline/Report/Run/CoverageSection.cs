using PtaKernels.Alignment;

namespace PtaKernels.Pipeline;

/// <summary>Which rules filled the target's rows, of each source and of what the student sees.</summary>
/// <param name="Tokens">Target positions.</param>
/// <param name="Sources">The sources' names.</param>
/// <param name="Rules">Rules that occur, with their rows.</param>
internal sealed record CoverageSection(long Tokens, IReadOnlyList<string> Sources, IReadOnlyList<RuleCoverage> Rules)
{
    private static readonly string[] MergedColumns = ["fused\nrows", "share"];

    /// <summary>From the counts of an alignment.</summary>
    public static CoverageSection Of(AlignmentRunReport report, IReadOnlyList<string> sources)
    {
        RowRule[] rules = [.. Enum.GetValues<RowRule>().Where(r => report.MergedRowsOf(r) > 0 || report.Sources.Any(s => s.RowsOf(r) > 0))];
        bool merged = rules.Any(r => report.MergedRowsOf(r) > 0);
        return new CoverageSection(report.TargetTokens, sources,
        [
            .. rules.OrderByDescending(RowProvenance.IsTransfer).ThenBy(static r => r).Select(r => new RuleCoverage(
                RowProvenance.LetterOf(r).ToString(), RuleMeanings.Of(r), RowProvenance.IsTransfer(r),
                [.. report.Sources.Select(s => RuleRows.Of(s.RowsOf(r), s.TargetTokens))], merged ? RuleRows.Of(report.MergedRowsOf(r), report.TargetTokens) : null)),
        ]);
    }

    /// <summary>The table.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Coverage");
        yield return new TextBlock("Which rule filled the target's rows, before the sources are merged and after. Rules that take a teacher's row come first; shares are of all target positions.");
        bool merged = Rules.Any(static r => r.Merged is not null);
        yield return new FiguresBlock(
            ["rule", .. Sources.SelectMany(static s => new[] { $"{s}\nrows", "share" }), .. merged ? MergedColumns : [], "meaning"],
            [.. Rules.Select((rule, r) => (Figure[])
            [
                Figure.Of(rule.Letter == "." ? "(.)" : rule.Letter),
                .. rule.Sources.SelectMany((rows, s) => rows.Cells($"coverage.rules[{r}].sources[{s}]")),
                .. merged ? rule.Merged!.Cells($"coverage.rules[{r}].merged") : [],
                Figure.Of(rule.Meaning),
            ])],
            [.. Rules.Index().Where(static r => r.Item.Transfers).Select(static r => r.Index)]);
    }
}

/// <summary>A rule's rows.</summary>
/// <param name="Letter">Its letter.</param>
/// <param name="Meaning">What it means.</param>
/// <param name="Transfers">Whether it takes a teacher's row.</param>
/// <param name="Sources">By source, before merging.</param>
/// <param name="Merged">Of what the student sees; null where nothing is merged.</param>
internal sealed record RuleCoverage(string Letter, string Meaning, bool Transfers, IReadOnlyList<RuleRows> Sources, RuleRows? Merged);

/// <summary>Rows and their share.</summary>
internal sealed record RuleRows(long Rows, double Share)
{
    public static RuleRows Of(long rows, long all) => new(rows, rows / (double)Math.Max(1, all));

    public IEnumerable<Figure> Cells(string path) => [Figure.Count(path + ".rows", Rows), Figure.Share(path + ".share", Share)];
}
