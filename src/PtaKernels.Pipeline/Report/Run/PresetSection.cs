namespace PtaKernels.Pipeline;

/// <summary>Presets and baselines side by side, step by step.</summary>
/// <param name="Documents">Documents of the sample.</param>
/// <param name="Positions">Target positions, each once per source.</param>
/// <param name="SameRows">Rows that every method filled from a source.</param>
/// <param name="Methods">The methods.</param>
/// <param name="Differ">[methods][methods] share of the same rows whose most probable token differs.</param>
internal sealed record PresetSection(int Documents, long Positions, long SameRows, IReadOnlyList<PresetMethod> Methods, IReadOnlyList<double?[]> Differ)
{
    private static readonly string[] Steps = ["rows", "candidates:\ncolumns", "missing\nmass", "transport:\ntop-1 is\nsource's", "top-1 is\ntarget's", "projec-\ntion:\ntokens", "gold\ntop-1", "p(gold)", "signal\nkept"];

    /// <summary>The tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Presets, step by step");
        yield return new TextBlock("A sample of the documents, each with each source alone. Pairing: share of target tokens paired with exactly one source token. Transfer: share of target rows that take a source's row. The other columns are means over these rows: target candidates offered, mass that the candidates miss, how often the most probable token is the nearest one to the source's and the target's own, then what the student would read.");
        yield return new FiguresBlock(
            ["method", "documents", "refused", "what it is"],
            [.. Methods.Select((m, i) => (Figure[])[Figure.Of(m.Name), Figure.Count("presets.documents", Documents), Figure.Count($"presets.methods[{i}].refused", m.Refused), Figure.Of(m.Meaning)])]);
        foreach (PresetMethod m in Methods.Where(static m => m.Reason is not null))
            yield return new TextBlock($"{m.Name} refuses, for one: {m.Reason}");
        yield return new FiguresBlock(
            ["method", "pairing:\none to\none", "transfer:\nshare", .. Steps],
            [.. Methods.Select((m, i) => (Figure[])
            [
                Figure.Of(m.Name), Figure.Share($"presets.methods[{i}].one_to_one", m.OneToOne), Figure.Share($"presets.methods[{i}].transferred", m.Transferred), .. m.Own.Cells($"presets.methods[{i}].own"),
            ])]);
        if (SameRows == 0)
        {
            yield return new TextBlock("No row was filled from a source by every method, so nothing is compared on the same rows.");
            yield break;
        }

        yield return new TextBlock("The same, on the rows that every method took from a source: what differs here is what the steps do with the same teacher's row.");
        yield return new FiguresBlock(["method", .. Steps], [.. Methods.Select((m, i) => (Figure[])[Figure.Of(m.Name), .. m.Same.Cells($"presets.methods[{i}].same")])]);
        yield return new TextBlock("On these rows: how often two methods name different most probable tokens.");
        yield return new FiguresBlock(
            ["", .. Methods.Select(static m => m.Name)],
            [.. Methods.Select((m, a) => (Figure[])[Figure.Of(m.Name), .. Methods.Select((_, b) => a == b ? Figure.Of("") : Figure.Share($"presets.differ[{a}][{b}]", Differ[a][b]))])]);
    }
}

/// <summary>A method.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Meaning">What it is.</param>
/// <param name="Refused">Documents that it refuses, each once per source.</param>
/// <param name="Reason">The first reason.</param>
/// <param name="OneToOne">Pairing step: share of target tokens paired with exactly one source token.</param>
/// <param name="Transferred">Transfer step: share of target rows that take a source's row.</param>
/// <param name="Own">Over all of its rows.</param>
/// <param name="Same">Over the rows that every method has.</param>
internal sealed record PresetMethod(string Name, string Meaning, int Refused, string? Reason, double? OneToOne, double? Transferred, PresetRows Own, PresetRows Same);
