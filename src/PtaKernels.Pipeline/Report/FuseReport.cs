using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>What a run's outcome says, as a report.</summary>
public static class FuseReport
{
    /// <summary>Name of the sum over all domains.</summary>
    private const string All = "all";

    /// <summary>Makes the report.</summary>
    /// <param name="outcome">What was done.</param>
    /// <param name="title">The heading.</param>
    /// <param name="conclusions">What follows, a sentence each; null for what the figures say of themselves.</param>
    public static FusionReport Of(FuseOutcome outcome, string title, IReadOnlyList<string>? conclusions = null)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        string[] domains = DomainsOf(outcome.Before);
        StudentOutcome? control = outcome.Students.FirstOrDefault(static s => s.Student.IsControl);
        ReportStudent[] students = [.. outcome.Students.Select(s => StudentOf(s, outcome, domains))];
        return new FusionReport
        {
            Title = title,
            Date = DateTimeOffset.Now,
            Machine = $"{Machine.CpuName()}, {Environment.ProcessorCount} cores, models on {outcome.Config.Device}",
            Versions = ProgramVersions.With("libtorch", TorchFolder.Version),
            Config = FuseConfigFile.Text(outcome.Config),
            Domains = domains,
            Target = ModelOf(outcome.Target, outcome.Before, domains),
            Sources = [.. outcome.Sources.Zip(outcome.SourceScores, (s, scores) => ModelOf(s, scores, domains))],
            Students = students,
            Control = control?.Student.Name,
            Stages = [.. outcome.Times.Select(static t => new ReportStage(t.Stage, t.Seconds, t.Stage.StartsWith("align ", StringComparison.Ordinal) || t.Stage.StartsWith("map ", StringComparison.Ordinal)))],
            Warnings = [.. Warnings(outcome)],
            Conclusions = conclusions ?? [.. Conclusions(students, control)],
        };
    }

    private static string[] DomainsOf(ModelScores? scores)
    {
        if (scores is null)
            return [];
        string[] named = [.. scores.Domains.Where(static d => d.Length > 0)];
        return named.Length > 1 ? [.. named, All] : [All];
    }

    private static ReportModel ModelOf(FuseModel model, ModelScores? scores, string[] domains) => new(
        model.Name, model.Config.Family.ToString(), ModelFiles.Parameters(model.Config), $"{model.Encoder.Vocabulary.Count} tokens{(model.Encoder.Vocabulary.IsByteLevel ? ", byte-level" : "")}", Bits(scores, domains));

    private static ReportStudent StudentOf(StudentOutcome one, FuseOutcome outcome, string[] domains)
    {
        // Compared with the control that saw the documents packed in the same way.
        StudentOutcome? control = one.Student.IsControl ? null : outcome.Students.FirstOrDefault(s => s.Student.IsControl && s.Student.Official == one.Student.Official);
        double perStep = one.Trained.Tokens / (double)Math.Max(1, one.Trained.Steps);
        return new ReportStudent
        {
            Name = one.Student.Name,
            Preset = one.Student.IsControl ? null : one.Student.Preset,
            LossWeight = one.Student.LossWeight,
            Steps = one.Trained.Steps,
            Tokens = one.Trained.Tokens,
            BitsPerByte = Bits(one.Scores, domains),
            AgainstControl = Differences(control?.Scores, one.Scores, domains),
            AgainstStart = Differences(outcome.Before, one.Scores, domains),
            Coverage = one.Aligned?.Coverage,
            GoldTop1 = one.Aligned?.GoldTop1,
            TargetTop1 = one.Aligned?.TargetTop1,
            SignalKept = one.Aligned?.SignalKept,
            Loss = new LossSeries(one.Student.Name, [.. one.Trained.Losses.Select(p => p.Step * perStep)], [.. one.Trained.Losses.Select(static p => p.NextToken)]),
        };
    }

    private static Dictionary<string, double> Bits(ModelScores? scores, string[] domains) =>
        scores is null ? [] : domains.ToDictionary(static d => d, d => DomainScore.Of(scores.Of(d == All ? null : d)).BitsPerByte, StringComparer.Ordinal);

    private static ReportDifference[] Differences(ModelScores? first, ModelScores? second, string[] domains) => first is null || second is null ? []
        : [.. domains.Select(d => d == All ? null : d).Select(d => ReportDifference.Of(d ?? All, BootstrapResult.Of(first.Of(d), second.Of(d))))];

    private static IEnumerable<string> Warnings(FuseOutcome outcome)
    {
        StudentOutcome[] official = [.. outcome.Students.Where(static s => s.Student is { Official: true, IsControl: false })];
        StudentOutcome? own = outcome.Students.FirstOrDefault(static s => s.Student is { Official: true, IsControl: true });
        if (own is not null && official.Length > 0 && outcome.Students.Any(static s => !s.Student.Official))
        {
            yield return $"{string.Join(" and ", official.Select(static s => s.Student.Name))}: the official code packs documents one after another without barriers, so the control beside it is {own.Student.Name}, trained on the same blocks.";
        }
    }

    private static IEnumerable<string> Conclusions(ReportStudent[] students, StudentOutcome? control)
    {
        if (control is null)
        {
            yield return "There was no control (--control clm), so nothing says whether a student gained more than training on the same text without teachers would have given it.";
            yield break;
        }

        foreach (ReportStudent student in students.Where(static s => s.AgainstControl.Count > 0))
        {
            ReportDifference all = student.AgainstControl[^1];
            string found = all.Low <= 0 && all.High >= 0 ? "is not told apart from" : all.Difference < 0 ? "is better than" : "is worse than";
            yield return FormattableString.Invariant($"{student.Name} {found} its control on the held-out text: {all.Difference:+0.0000;-0.0000} bits per byte ({all.Low:+0.0000;-0.0000} to {all.High:+0.0000;-0.0000}).");
        }

        yield return "One training run per student was compared, on these documents: the intervals know nothing of other seeds, models or texts.";
    }
}
