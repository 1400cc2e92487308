namespace PtaKernels.Pipeline;

/// <summary>What a report looked at.</summary>
/// <param name="Name">The student, or the aligned documents.</param>
/// <param name="Preset">Its preset.</param>
/// <param name="Switches">Switches that differ from the preset, with their values.</param>
/// <param name="Sources">The sources.</param>
/// <param name="Documents">Documents of the corpus.</param>
/// <param name="Looked">Documents that were aligned again for this report.</param>
/// <param name="Refused">Documents among them that cannot be aligned.</param>
/// <param name="Tokens">Target tokens of the documents looked at.</param>
/// <param name="StoredRows">Rows compared with what is stored; 0 under output official.</param>
/// <param name="StoredSame">Rows among them that agree to rounding.</param>
/// <param name="StoredDifference">Largest difference of a mass.</param>
internal sealed record ScopeSection(
    string Name, string Preset, IReadOnlyDictionary<string, string> Switches, IReadOnlyList<string> Sources, long Documents, long Looked, long Refused, long Tokens, long StoredRows, long StoredSame, double StoredDifference)
{
    /// <summary>From the run's own alignment.</summary>
    public static ScopeSection Of(RunInput input, StudentPass pass, long documents)
    {
        AlignmentOptions preset = AlignmentPreset.Named(input.Preset);
        return new ScopeSection(
            input.Name, input.Preset,
            AlignmentSwitches.All.Where(s => s.Get(input.Options) != s.Get(preset)).ToDictionary(static s => s.Name, s => s.Get(input.Options), StringComparer.Ordinal),
            [.. input.Sources.Select(static s => s.Name)], documents, pass.Report.Documents, pass.Report.Quarantined, pass.Report.TargetTokens, pass.Stored.Rows, pass.Stored.Same, pass.Stored.Largest);
    }

    /// <summary>The table.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new TextBlock($"Preset {Preset}{(Switches.Count == 0 ? "" : ", with " + string.Join(", ", Switches.Select(static s => $"{s.Key} {s.Value}")))}. Sources: {string.Join(", ", Sources)}.");
        yield return new FiguresBlock(
            ["documents\nof the corpus", "looked\nat", "refused", "target\ntokens", "rows compared\nwith the files", "the same", "largest\ndifference"],
            [[
                Figure.Count("scope.documents", Documents), Figure.Count("scope.looked", Looked), Figure.Count("scope.refused", Refused), Figure.Count("scope.tokens", Tokens),
                Figure.Count("scope.stored_rows", StoredRows), Figure.Count("scope.stored_same", StoredSame), Figure.Number("scope.stored_difference", StoredDifference, 4),
            ]]);
        if (Looked < Documents - Refused)
            yield return new TextBlock("Documents were drawn at random from the whole corpus, the same ones each time; --documents takes more of them.");
        if (StoredSame < StoredRows)
            yield return new TextBlock("Some stored rows are not what these switches give now: other switches, vocabularies or maps made them, and the report speaks of the rows that these give.", IsWarning: true);
    }
}
