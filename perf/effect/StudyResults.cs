using PtaKernels.Pipeline;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>Puts the outcomes of all seeds together.</summary>
internal sealed class StudyResults
{
    private const int ShownDocuments = 8;

    private readonly SortedDictionary<int, SeedOutcome> _seeds = [];

    /// <summary>Adds a seed.</summary>
    public void Add(int seed, SeedOutcome outcome) => _seeds.Add(seed, outcome);

    /// <summary>Everything that is told of the study.</summary>
    /// <param name="methods">The rows with students.</param>
    /// <param name="rates">Learning rates.</param>
    /// <param name="tried">What they were chosen by.</param>
    /// <param name="command">What was typed.</param>
    public EffectResults Results(IReadOnlyList<StudyMethod> methods, LearningRates rates, IReadOnlyList<TriedRate> tried, string command)
    {
        SeedOutcome first = _seeds.Values.First();
        FusionReport about = FuseReport.Of(first.Fused[StudyRun.Main], "");
        // A call for single rows has no row for what it did not score or train.
        EffectMethod[] all = [.. Untrained().Concat(Controls(rates)).Where(static m => m.Runs.Count > 0), .. methods.Select(m => Fused(m, rates))];
        return new EffectResults
        {
            Title = "Which alignment teaches",
            Date = DateTimeOffset.Now,
            Machine = about.Machine,
            Versions = about.Versions,
            Command = command,
            Seconds = _seeds.Values.Sum(static s => s.Seconds),
            Seeds = [.. _seeds.Keys],
            TeacherSets = _seeds.Keys.ToDictionary(static s => s, StudyModels.TeachersOf),
            HeldOut = first.Before.Domains.ToDictionary(static d => d, d => TextOf(first.Before.Of(d)), StringComparer.Ordinal),
            Models = [.. _seeds.SelectMany(static s => (s.Value.Unfused?.Teachers ?? new Dictionary<string, ModelScores>()).Select(t => new EffectModel(t.Key, StudyModels.TeachersOf(s.Key), Bits(t.Value)))).DistinctBy(static m => (m.Name, m.Seed))],
            Methods = all,
            Tuning = [.. tried.Select(static t => new EffectTuning(t.Method, t.Rate, t.BitsPerByte))],
        };
    }

    private IEnumerable<EffectMethod> Untrained()
    {
        yield return Scored("base", "controls", "the target before any training", static s => s.Before);
        yield return Scored("ensemble", "baselines", "target and both sources together, never trained: mean probability between common byte boundaries", static s => s.Unfused?.Ensemble);
        yield return Scored("ensemble-sources", "baselines", "both sources together, never trained", static s => s.Unfused?.SourceEnsemble);
    }

    private EffectMethod Scored(string name, string group, string change, Func<SeedOutcome, ModelScores?> scores) => new()
    {
        Name = name,
        Group = group,
        Change = change,
        Runs = [.. from s in _seeds let found = scores(s.Value) where found is not null select new EffectRun { Seed = s.Key, BitsPerByte = Bits(found) }],
    };

    private IEnumerable<EffectMethod> Controls(LearningRates rates)
    {
        foreach ((string name, string change, StudyRun run, string student) in new[]
        {
            (FuseRun.ControlName, "plain training on the same tokens", StudyRun.Main, FuseRun.ControlName),
            (FuseRun.OfficialControlName, "the same, packed as the official code packs", StudyRun.Main, FuseRun.OfficialControlName),
            (StudyMethods.FreshControl, "plain training, as many tokens, no text twice", StudyRun.Fresh, FuseRun.ControlName),
        })
        {
            yield return Control(name, change, rates) with { Runs = [.. _seeds.Where(s => s.Value.Find(run, student) is not null).Select(s => RunOf(s.Key, s.Value.Fused[run], s.Value.Find(run, student)!))] };
        }

        yield return Control(StudyMethods.EqualCostControl, "plain training on more text, at the operations of a fusion with its teachers", rates) with
        {
            Runs =
            [
                .. from s in _seeds
                   where s.Value.Unfused is not null
                   let plain = s.Value.Unfused!.Plain
                   select new EffectRun { Seed = s.Key, BitsPerByte = Bits(plain.Scores), Tokens = plain.Outcome.Tokens, Steps = plain.Outcome.Steps, TrainSeconds = plain.Outcome.Seconds },
            ],
        };
    }

    private static EffectMethod Control(string name, string change, LearningRates rates) =>
        new() { Name = name, Group = "controls", Change = change, LossWeight = 1, LearningRate = rates.Alone, Runs = [] };

    private EffectMethod Fused(StudyMethod method, LearningRates rates)
    {
        KeyValuePair<int, SeedOutcome>[] seeds = [.. _seeds.Where(s => s.Value.Find(method.Run, method.Name) is not null)];
        (ModelScores Method, ModelScores Control)[] scores = [.. seeds.Select(s => (s.Value.Find(method.Run, method.Name)!.Scores!, s.Value.ControlOf(method).Scores!))];
        Student student = seeds[0].Value.Find(method.Run, method.Name)!.Student;
        DocumentScore[] with = Summed(scores.Select(static s => s.Method)), without = Summed(scores.Select(static s => s.Control));
        string[] domains = scores[0].Method.Domains;
        return new EffectMethod
        {
            Name = method.Name,
            Group = method.Group,
            Change = method.Change,
            Preset = method.Preset,
            Switches = method.Switches,
            LossWeight = student.LossWeight,
            LearningRate = rates.WithTeachers,
            Sources = method.Sources,
            Control = method.Control,
            ChangeOf = method.ChangeOf,
            Runs = [.. seeds.Select(s => RunOf(s.Key, s.Value.Fused[method.Run], s.Value.Find(method.Run, method.Name)!))],
            Bootstrap = domains.Append(EffectResults.All).ToDictionary(
                static d => d, d => BootstrapResult.Of([.. without.Where(s => d == EffectResults.All || s.Domain == d)], [.. with.Where(s => d == EffectResults.All || s.Domain == d)]), StringComparer.Ordinal),
            Worst = [.. Extremes(with, without)],
        };
    }

    /// <summary>The documents that gained and lost most; very short ones say little.</summary>
    private static IEnumerable<EffectDocument> Extremes(DocumentScore[] with, DocumentScore[] without)
    {
        const int LeastBytes = 200;
        (DocumentScore Document, double Difference)[] all =
            [.. with.Zip(without).Where(static p => p.First.Bytes >= LeastBytes).Select(static p => (p.First, (p.First.Nats - p.Second.Nats) / Math.Log(2) / p.First.Bytes)).OrderBy(static d => d.Item2)];
        foreach ((DocumentScore document, double difference) in all.Take(ShownDocuments))
            yield return new EffectDocument(document.Id, document.Domain, difference, IsBest: true);
        foreach ((DocumentScore document, double difference) in all.TakeLast(ShownDocuments).Reverse())
            yield return new EffectDocument(document.Id, document.Domain, difference, IsBest: false);
    }

    /// <summary>Document by document over seeds.</summary>
    private static DocumentScore[] Summed(IEnumerable<ModelScores> seeds) =>
        [.. seeds.SelectMany(static s => s.Documents).GroupBy(static d => d.Id).Select(static g => new DocumentScore(g.Key, g.First().Domain, g.Sum(static d => d.Nats), g.Sum(static d => d.Tokens), g.Sum(static d => d.Bytes)))];

    private static EffectRun RunOf(int seed, FuseOutcome outcome, StudentOutcome student) => new()
    {
        Seed = seed,
        BitsPerByte = Bits(student.Scores!),
        Tokens = student.Trained.Tokens,
        Steps = student.Trained.Steps,
        TrainSeconds = SecondsOf(outcome, $"train {student.Student.Name}"),
        AlignSeconds = student.Aligned is null ? 0 : SecondsOf(outcome, $"align {student.Student.Name}"),
        Coverage = student.Aligned?.Coverage,
        GoldTop1 = student.Aligned?.GoldTop1,
        TargetTop1 = student.Aligned?.TargetTop1,
        GoldProbability = student.Aligned?.GoldProbability,
        SignalKept = student.Aligned?.SignalKept,
    };

    private static double SecondsOf(FuseOutcome outcome, string stage) => outcome.Times.First(t => t.Stage == stage).Seconds;

    private static EffectText TextOf(DocumentScore[] documents) => new(documents.Length, documents.Sum(static d => (long)d.Bytes));

    private static Dictionary<string, double> Bits(ModelScores scores) => scores.Domains.Select(d => (d, scores.Of(d))).Append((EffectResults.All, scores.Documents))
        .ToDictionary(static d => d.Item1, static d => DomainScore.Of(d.Item2).BitsPerByte, StringComparer.Ordinal);
}

/// <summary>What one seed gave.</summary>
/// <param name="Fused">Students with teachers and their controls, by run.</param>
/// <param name="Before">The target before.</param>
/// <param name="Unfused">What else the whole study compares; null where single rows were asked for.</param>
/// <param name="Seconds">What all of it took.</param>
internal sealed record SeedOutcome(IReadOnlyDictionary<StudyRun, FuseOutcome> Fused, ModelScores Before, UnfusedOutcome? Unfused, double Seconds)
{
    /// <summary>A student; null where it was not trained.</summary>
    public StudentOutcome? Find(StudyRun run, string student) => Fused.TryGetValue(run, out FuseOutcome? outcome) ? outcome.Students.FirstOrDefault(s => s.Student.Name == student) : null;

    /// <summary>The control of a method: of its own run, but the wide run's texts are the main run's.</summary>
    public StudentOutcome ControlOf(StudyMethod method) =>
        Find(method.Run == StudyRun.Fresh ? StudyRun.Fresh : StudyRun.Main, method.Run == StudyRun.Fresh ? FuseRun.ControlName : method.Control)!;
}

/// <summary>What one seed gave without fusion.</summary>
/// <param name="Teachers">Scores of the teachers.</param>
/// <param name="Ensemble">Target and both sources as one.</param>
/// <param name="SourceEnsemble">Both sources as one.</param>
/// <param name="Plain">The control that spends on text what others spend on teachers.</param>
internal sealed record UnfusedOutcome(IReadOnlyDictionary<string, ModelScores> Teachers, ModelScores Ensemble, ModelScores SourceEnsemble, (PlainOutcome Outcome, ModelScores Scores) Plain);

/// <summary>A learning rate that was tried.</summary>
internal sealed record TriedRate(string Method, double Rate, double BitsPerByte);
