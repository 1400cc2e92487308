using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>What training gave: held-out text by domain, losses, and the documents that it helped and hurt most.</summary>
/// <param name="Domains">Domains of the held-out text, the sum last; empty where nothing was scored.</param>
/// <param name="Models">Target, sources and students.</param>
/// <param name="Comparisons">Students against their controls and against the start.</param>
/// <param name="Against">What single documents are compared with.</param>
/// <param name="Documents">Of the student of this report; null where it or its baseline was not scored.</param>
/// <param name="Losses">Next-token losses of the students' steps.</param>
internal sealed record TrainingSection(
    IReadOnlyList<string> Domains, IReadOnlyList<ScoredModel> Models, IReadOnlyList<ScoredDifference> Comparisons, string Against, DocumentExtremes? Documents, IReadOnlyList<LossSeries> Losses)
{
    private const int Shown = 8;

    private readonly IReadOnlyList<ChartBlock> _charts = [];

    /// <summary>From what a run left; null where nothing was trained.</summary>
    /// <param name="outcome">What it left.</param>
    /// <param name="student">The student of the report.</param>
    public static TrainingSection? Of(FuseOutcome outcome, string student)
    {
        if (outcome.Students.Count == 0)
            return null;
        FusionReport report = FuseReport.Of(outcome, student);
        StudentOutcome? own = outcome.Students.FirstOrDefault(s => s.Student.Name == student);
        StudentOutcome? control = outcome.Students.FirstOrDefault(s => s.Student.IsControl && s.Student.Official == own?.Student.Official);
        ModelScores? baseline = control?.Scores ?? outcome.Before;
        ScoredModel[] models =
        [
            new("target before", "target", report.Target.BitsPerByte), .. report.Sources.Select(static s => new ScoredModel(s.Name, "source", s.BitsPerByte)),
            .. report.Students.Select(static s => new ScoredModel(s.Name, s.Preset is null ? "control" : $"student, {s.Preset}", s.BitsPerByte)),
        ];
        ScoredDifference[] comparisons =
        [
            .. report.Students.SelectMany(s => s.AgainstControl.Select(d => new ScoredDifference(s.Name, "its control", d))),
            .. report.Students.SelectMany(static s => s.AgainstStart.Select(d => new ScoredDifference(s.Name, "the target before", d))),
        ];
        return new TrainingSection(
            report.Domains, models, comparisons, control?.Scores is null ? "the target before" : control.Student.Name, own?.Scores is { } scores && baseline is not null ? DocumentExtremes.Of(baseline, scores, Shown) : null,
            [.. report.Students.Select(static s => s.Loss).OfType<LossSeries>()])
        {
            Charts = [.. FusionReportPage.Of(report).OfType<ChartBlock>()],
        };
    }

    /// <summary>Losses and differences as the fusion's own report draws them.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<ChartBlock> Charts
    {
        get => _charts;
        init => _charts = value;
    }

    /// <summary>Pictures and tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Training and evaluation");
        foreach (ChartBlock chart in Charts)
            yield return chart;
        if (Domains.Count == 0)
        {
            yield return new TextBlock("No held-out text was scored: name it under evaluation in the configuration.");
            yield break;
        }

        yield return new TextBlock("Bits per byte of held-out text; lower is better.");
        yield return new FiguresBlock(
            ["model", "role", .. Domains],
            [.. Models.Select((m, i) => (Figure[])[Figure.Of(m.Name), Figure.Of(m.Role), .. Domains.Select(d => Figure.Number($"training.models[{i}].bits_per_byte.{d}", m.BitsPerByte.TryGetValue(d, out double bits) ? bits : null, 4))])]);
        yield return new TextBlock("Paired differences, by a bootstrap over documents; negative is better. They cover the choice of held-out documents, not of seeds, teachers or training text.");
        yield return new FiguresBlock(
            ["student", "against", "domain", "difference", "2.5 %", "97.5 %", "standard\nerror", "p"],
            [.. Comparisons.Select((c, i) => (Figure[])
            [
                Figure.Of(c.Student), Figure.Of(c.Against), Figure.Of(c.Difference.Domain), Figure.Signed($"training.comparisons[{i}].difference.difference", c.Difference.Difference, 4),
                Figure.Signed($"training.comparisons[{i}].difference.low", c.Difference.Low, 4), Figure.Signed($"training.comparisons[{i}].difference.high", c.Difference.High, 4),
                Figure.Number($"training.comparisons[{i}].difference.standard_error", c.Difference.StandardError, 4), Figure.Number($"training.comparisons[{i}].difference.p_value", c.Difference.PValue, 4),
            ])]);
        foreach (ReportBlock block in Documents?.Blocks(Against) ?? [])
            yield return block;
    }
}

/// <summary>A model's bits per byte by domain.</summary>
internal sealed record ScoredModel(string Name, string Role, IReadOnlyDictionary<string, double> BitsPerByte);

/// <summary>A student's difference in a domain.</summary>
internal sealed record ScoredDifference(string Student, string Against, ReportDifference Difference);

/// <summary>The held-out documents that a student lost and won most on.</summary>
internal sealed record DocumentExtremes(IReadOnlyList<DocumentDifference> Hurt, IReadOnlyList<DocumentDifference> Helped)
{
    /// <summary>The ends of a comparison.</summary>
    public static DocumentExtremes Of(ModelScores baseline, ModelScores student, int count)
    {
        (IReadOnlyList<DocumentDifference> lost, IReadOnlyList<DocumentDifference> won) = DocumentDifference.Extremes(baseline.Documents, student.Documents, count);
        return new DocumentExtremes(lost, won);
    }

    public IEnumerable<ReportBlock> Blocks(string against)
    {
        foreach ((string name, string title, IReadOnlyList<DocumentDifference> list) in new[] { ("hurt", "Most hurt", Hurt), ("helped", "Most helped", Helped) })
        {
            if (list.Count == 0)
                continue;
            yield return new TextBlock($"{title}: held-out documents in bits per byte, against {against}.");
            yield return new FiguresBlock(
                ["document", "domain", against, "student", "difference"],
                [.. list.Select((d, i) => (Figure[])
                [
                    Figure.Of(d.Id), Figure.Of(d.Domain), Figure.Number($"training.documents.{name}[{i}].first", d.First, 4), Figure.Number($"training.documents.{name}[{i}].second", d.Second, 4),
                    Figure.Signed($"training.documents.{name}[{i}].difference", d.Difference, 4),
                ])]);
        }
    }
}
