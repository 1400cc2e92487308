using System.Text;

namespace PtaKernels.Pipeline;

/// <summary>What a page or the terminal shows of a <see cref="WhyReport"/>.</summary>
internal static class WhyBlocks
{
    /// <summary>The report in order.</summary>
    /// <param name="report">The report.</param>
    /// <param name="place">Where it stands in a larger report's JSON, with a point behind; empty where it is the whole.</param>
    public static IReadOnlyList<ReportBlock> Of(WhyReport report, string place = "")
    {
        ArgumentNullException.ThrowIfNull(report);
        return
        [
            new HeadingBlock($"Why: student {report.Student}, preset {report.Preset}, {(report.Documents is null ? "on the run's own text" : $"on {Path.GetFileName(Path.TrimEndingDirectorySeparator(report.Documents))}")}"),
            .. report.Notes.Select(note => new TextBlock(note, IsWarning: report.Documents is null && note == report.Notes[0])),
            .. report.Tables.SelectMany((table, t) => new ReportBlock[] { new HeadingBlock($"By {table.Name}"), Table(report, table, place, t) }),
            new TextBlock(Explanation(report)),
            .. Passages(report, "Passages that gained most", report.Helped),
            .. Passages(report, "Passages that lost most", report.Hurt),
        ];
    }

    /// <summary>What the columns mean, and the rules that occur.</summary>
    private static string Explanation(WhyReport report)
    {
        string other = report.Control ?? "the target before";
        IEnumerable<RowRule> rules = Enum.GetValues<RowRule>().Where(r => report.Tables[0].Lines.Any(l => l.Name[0] == RowProvenance.LetterOf(r)));
        return $"A token belongs to the fused row that predicts it. before, {(report.Control is null ? "" : report.Control + ", ")}{report.Student}: bits per byte of the group's own bytes. Δ: {report.Student} minus {other}, with the 95 % interval, low to high, of a paired bootstrap over documents ({WhyAnalysis.Resamples} resamples); negative is better. "
            + $"of all: the same difference over the bytes of all groups, so that a table's column adds up to the whole. p(gold): fused probability of the token that came; top-1, own: share of the rows whose most probable token came, fused and the target's own, of the rows that a teacher reached; signal: teacher signal kept. Rules: {string.Join("; ", rules.Select(static r => $"{RowProvenance.LetterOf(r)} {RuleMeanings.Of(r)}"))}.";
    }

    private static FiguresBlock Table(WhyReport report, WhyTable table, string place, int number)
    {
        bool controlled = report.Control is not null;
        string[] columns = [table.Name, "tokens", "bytes", "before", .. controlled ? new[] { report.Control! } : [], report.Student, "Δ", "low", "high", "of all", "p(gold)", "top-1", "own", "signal"];
        return new FiguresBlock(
            columns, [.. table.Lines.Select((line, l) => Cells(line, $"{place}tables[{number}].lines[{l}]", controlled)), Cells(report.All, place + "all", controlled)], [table.Lines.Count]);
    }

    private static Figure[] Cells(WhyLine line, string path, bool controlled) =>
    [
        Figure.Of(line.Name.Length == 0 ? "none" : line.Name), Figure.Count(path + ".tokens", line.Tokens), Figure.Share(path + ".byte_share", line.ByteShare),
        Bits(path + ".before", line.Before), .. controlled ? new[] { Bits(path + ".control", line.Control!) } : [], Bits(path + ".after", line.After),
        Figure.Signed(path + ".difference.difference", line.Difference?.Difference, 4), Figure.Signed(path + ".difference.low", line.Difference?.Low, 4), Figure.Signed(path + ".difference.high", line.Difference?.High, 4),
        Figure.Signed(path + ".contribution", line.Contribution, 4), Figure.Number(path + ".rows.gold_probability", line.Rows?.GoldProbability, 3),
        Figure.Number(path + ".rows.fused_top1", line.Rows?.FusedTop1, 3), Figure.Number(path + ".rows.target_top1", line.Rows?.TargetTop1, 3), Figure.Number(path + ".rows.signal", line.Rows?.Signal, 3),
    ];

    private static Figure Bits(string path, WhyLoss loss) => Figure.Number(path + ".bits_per_byte", loss.BitsPerByte, 4);

    private static IEnumerable<ReportBlock> Passages(WhyReport report, string title, IReadOnlyList<WhyPassage> passages)
    {
        if (passages.Count == 0)
            yield break;
        yield return new HeadingBlock(title);
        yield return new TextBlock(
            $"Bits: {report.Student} minus {report.Control ?? "the target before"} over {WhyPassages.Length} tokens. row: letter of the rule, then of the source: {string.Join(", ", report.Sources.Select(static (name, s) => $"{WhyGroups.LetterOf(s)} {name}"))}. {VisibleText.Legend}.");
        foreach (WhyPassage passage in passages)
            yield return new CodeBlock($"{ChartAxis.Signed(passage.Bits, 1)} bits, {passage.Document}{(passage.Domain.Length == 0 ? "" : $" ({passage.Domain})")}, token {passage.Position}: …{OneLine(passage.Lead)}[{OneLine(passage.Text)}]", Grid(report, passage));
    }

    private static string OneLine(string text) => text.Replace('\n', '⏎').Replace('\r', ' ').Replace('\t', ' ');

    /// <summary>Tokens side by side, what is known of each below it.</summary>
    private static string Grid(WhyReport report, WhyPassage passage)
    {
        string[][] columns =
        [
            ["", "row", "p(gold)", "before", .. report.Control is null ? Array.Empty<string>() : [report.Control], report.Student],
            .. passage.Tokens.Select(t => (string[])
            [
                t.Text, t.Rule + t.Source, t.GoldProbability is { } p ? ChartAxis.Fixed(p, 2) : "", ChartAxis.Fixed(t.Before, 1), .. t.Control is { } c ? new[] { ChartAxis.Fixed(c, 1) } : [], ChartAxis.Fixed(t.After, 1),
            ]),
        ];
        int[] widths = [.. columns.Select(static c => c.Max(static cell => cell.Length))];
        var text = new StringBuilder();
        for (int row = 0; row < columns[0].Length; row++)
            text.AppendJoin("  ", columns.Select((c, i) => i == 0 ? c[row].PadRight(widths[i]) : c[row].PadLeft(widths[i]))).Append('\n');
        return text.ToString().TrimEnd('\n');
    }
}
