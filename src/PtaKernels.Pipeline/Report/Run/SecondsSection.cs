using PtaKernels.Alignment;

namespace PtaKernels.Pipeline;

/// <summary>Where the time went.</summary>
/// <param name="Alignment">Seconds of the alignment's steps, by source: measured while this report was made.</param>
/// <param name="Sources">The sources' names.</param>
/// <param name="Tokens">Target positions of that alignment.</param>
/// <param name="Stages">Seconds of the run's stages; empty where there is no run.</param>
internal sealed record SecondsSection(IReadOnlyList<StepSeconds> Alignment, IReadOnlyList<string> Sources, long Tokens, IReadOnlyList<StageSeconds> Stages)
{
    /// <summary>From the counts of an alignment.</summary>
    public static SecondsSection Of(AlignmentRunReport report, IReadOnlyList<string> sources, IReadOnlyList<StageTime> stages) => new(
        [.. Enum.GetValues<AlignmentStage>().Select(stage => new StepSeconds(NameOf(stage), [.. report.Sources.Select(s => s.SecondsOf(stage))]))], sources, report.TargetTokens,
        [.. stages.Select(t => new StageSeconds(t.Stage, t.Seconds, t.Seconds / Math.Max(1e-9, stages.Sum(static x => x.Seconds))))]);

    /// <summary>The tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Time");
        yield return new TextBlock("The alignment's steps, measured on one thread while this report was made, over the documents of this report.");
        yield return new FiguresBlock(
            ["step", .. Sources.Select(static s => $"{s}\nseconds")],
            [.. Alignment.Select((step, i) => (Figure[])[Figure.Of(step.Step), .. step.Seconds.Select((seconds, s) => Figure.Number($"seconds.alignment[{i}].seconds[{s}]", seconds, 3))])]);
        if (Stages.Count == 0)
            yield break;
        yield return new TextBlock("The run's stages, with what each took when it ran.");
        yield return new FiguresBlock(
            ["stage", "seconds", "share"],
            [.. Stages.Select((stage, i) => (Figure[])[Figure.Of(stage.Stage), Figure.Number($"seconds.stages[{i}].seconds", stage.Seconds, 1), Figure.Share($"seconds.stages[{i}].share", stage.Share)])]);
    }

    /// <summary>What a step is called.</summary>
    public static string NameOf(AlignmentStage stage) => stage switch
    {
        AlignmentStage.Pairing => "pairing",
        AlignmentStage.Mapping => "nearest tokens",
        AlignmentStage.Candidates => "candidates and costs",
        AlignmentStage.Transport => "transport",
        _ => "projection and rows",
    };
}

/// <summary>Seconds of a step, by source.</summary>
internal sealed record StepSeconds(string Step, IReadOnlyList<double> Seconds);

/// <summary>Seconds of a stage, and their share of all.</summary>
internal sealed record StageSeconds(string Stage, double Seconds, double Share);
