using PtaKernels.Demo;
using PtaKernels.Pipeline;

namespace PtaKernels.Effect;

/// <summary>All students of one seed: first weights and order of the target and of every student; finished ones are not trained again.</summary>
/// <param name="study">What is shared by all seeds.</param>
/// <param name="seed">The seed, from 1; 0 is the one that learning rates are chosen with.</param>
internal sealed class StudySeed(Study study, int seed)
{
    private readonly string _folder = Path.Combine(study.Folder, "seeds", $"{seed}");

    /// <summary>Trains and evaluates what is missing.</summary>
    /// <param name="rows">What is wanted.</param>
    /// <param name="rates">The learning rates.</param>
    /// <param name="cancellation">Stops; the same call goes on from there.</param>
    public SeedOutcome Run(StudyRows rows, LearningRates rates, CancellationToken cancellation)
    {
        string target = study.Models.Target(seed, cancellation);
        var fused = new Dictionary<StudyRun, FuseOutcome>();
        foreach (StudyRun run in Enum.GetValues<StudyRun>())
        {
            StudyMethod[] here = [.. rows.Methods.Where(m => m.Run == run)];
            if (here.Length > 0)
                fused[run] = Fuse(run, target, here, rates, cancellation);
        }

        ModelScores before = fused[StudyRun.Main].Before!;
        double seconds = fused.Values.Sum(static f => f.Times.Sum(static t => t.Seconds));
        if (!rows.IsWhole)
            return new SeedOutcome(fused, before, null, seconds);
        UnfusedOutcome unfused = Unfused(target, rates, cancellation);
        return new SeedOutcome(fused, before, unfused, seconds + unfused.Plain.Outcome.Seconds);
    }

    /// <summary>What the table compares students with that are no fusion's controls.</summary>
    private UnfusedOutcome Unfused(string target, LearningRates rates, CancellationToken cancellation)
    {
        string[] pair = [.. StudyMethods.Pair.Select(name => study.Models.Teacher(StudyModels.TeachersOf(seed), name, cancellation))];
        (string, string)[] sources = [.. StudyMethods.Pair.Zip(pair)];
        Ensemble ensemble = study.EnsembleIn(_folder);
        var plain = study.PlainStudentIn(_folder).Run(target, pair, study.Texts.ForStudents, study.Texts.AllForStudents, study.Texts.HeldOut, rates.Alone, seed, cancellation);
        int set = StudyModels.TeachersOf(seed);
        var teachers = StudyModels.TeacherNames.ToDictionary(static name => name, name => study.Score($"{name}-{set}", study.Models.Teacher(set, name, cancellation), cancellation), StringComparer.Ordinal);
        return new UnfusedOutcome(
            teachers, ensemble.Score("ensemble", [("target", target), .. sources], study.Texts.HeldOut, cancellation),
            ensemble.Score("ensemble-sources", sources, study.Texts.HeldOut, cancellation), plain);
    }

    /// <summary>Students of some learning rates, with and without teachers, scored on the text for choices.</summary>
    /// <param name="rates">The learning rates.</param>
    /// <param name="cancellation">Stops.</param>
    public FuseOutcome Tune(IReadOnlyList<double> rates, CancellationToken cancellation)
    {
        StudentConfig[] students = [.. rates.SelectMany(static rate => new[]
        {
            new StudentConfig { Name = FormattableString.Invariant($"fusion-{rate}"), Preset = "fusion", LearningRate = rate },
            new StudentConfig { Name = FormattableString.Invariant($"clm-{rate}"), Preset = "fusion", LearningRate = rate, LossWeight = 1 },
        })];
        FuseConfig config = ConfigOf("tuning", study.Models.Target(seed, cancellation), StudyMethods.Pair, students, study.Texts.ForStudents, StudyTraining.Passes, 10, rates[0], cancellation);
        return study.Fuse(config with { Control = "none", Evaluation = config.Evaluation! with { Documents = study.Texts.ForChoices } }, cancellation);
    }

    private FuseOutcome Fuse(StudyRun run, string target, StudyMethod[] methods, LearningRates rates, CancellationToken cancellation)
    {
        string[] used = [.. methods.SelectMany(static m => m.Sources).Distinct(StringComparer.Ordinal)];
        StudentConfig[] students = [.. methods.Select(m => m.Student(rates.WithTeachers))];
        bool fresh = run == StudyRun.Fresh;
        FuseConfig config = ConfigOf(
            run.ToString().ToLowerInvariant(), target, used, students, fresh ? study.Texts.FreshForStudents : study.Texts.ForStudents, fresh ? 1 : StudyTraining.Passes, run switch { StudyRun.Wide => 20, StudyRun.Widest => 40, _ => 10 }, rates.Alone, cancellation);
        // The control of runs with more candidates would be the main run's own: the same texts, packed alike.
        return study.Fuse(run is StudyRun.Wide or StudyRun.Widest ? config with { Control = "none" } : config, cancellation);
    }

    private FuseConfig ConfigOf(string name, string target, IReadOnlyList<string> sources, StudentConfig[] students, string documents, double passes, int k, double learningRate, CancellationToken cancellation) => new()
    {
        Output = Path.Combine(_folder, name),
        Documents = documents,
        Target = new ModelConfigEntry { Model = target },
        Sources = [.. sources.Select(s => SourceOf(s, target, cancellation))],
        Students = students,
        Control = FuseRun.ControlName,
        Split = new SplitConfig { Length = DemoSize.SequenceLength },
        Capture = new CaptureConfig { TopK = k },
        Train = new TrainConfig
        {
            Length = DemoSize.SequenceLength,
            LearningRate = learningRate,
            WarmUp = StudyTraining.Student.WarmUp,
            Batch = StudyTraining.Student.Batch,
            Accumulate = 1,
            Epochs = passes,
            Compute = "float32",
            Activations = "keep",
            SaveEvery = 10_000,
        },
        Evaluation = new EvaluationConfig { Documents = study.Texts.HeldOut, DomainField = "domain", Length = DemoSize.SequenceLength, Sources = false },
        Seed = seed,
    };

    private ModelConfigEntry SourceOf(string name, string target, CancellationToken cancellation)
    {
        if (name == StudyMethods.Self)
            return new ModelConfigEntry { Name = name, Model = target };
        (string _, string model, double temperature) = StudyMethods.Tempered.FirstOrDefault(t => t.Name == name, (name, name, 1));
        return new ModelConfigEntry { Name = name, Model = study.Models.Teacher(StudyModels.TeachersOf(seed), model, cancellation), Temperature = temperature };
    }
}
