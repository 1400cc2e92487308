using PtaKernels.Cli.Bench;
using PtaKernels.Demo;
using PtaKernels.Pipeline;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>What all seeds of the study share: texts, teachers, learning rates.</summary>
internal sealed class Study
{
    /// <summary>The seed that learning rates are chosen with; no row of the table comes from it.</summary>
    private const int TuningSeed = 0;

    private static readonly double[] Rates = [1e-3, 2e-3, 3e-3, 4.5e-3, 6e-3];

    private readonly IKernelBackend _backend;
    private readonly IFuseProgress _progress;
    private readonly StageRunner _stages;

    /// <summary>Prepares a study.</summary>
    /// <param name="folder">Where everything goes.</param>
    /// <param name="backend">What aligns.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <exception cref="AlignmentDataException">This is no checkout.</exception>
    public Study(string folder, IKernelBackend backend, IFuseProgress progress)
    {
        string repository = RepositoryFolder.Find() ?? throw new AlignmentDataException("the study needs a checkout of the repository: its models' definitions lie in samples/ and perf/effect/.");
        (Folder, _backend, _progress) = (folder, backend, progress);
        _stages = new StageRunner(Path.Combine(folder, "stages"), progress);
        Texts = new StudyTexts(folder, _stages);
        Models = new StudyModels(repository, folder, Texts, _stages, progress);
    }

    /// <summary>Where everything goes.</summary>
    public string Folder { get; }

    /// <summary>The texts.</summary>
    public StudyTexts Texts { get; }

    /// <summary>Teachers and targets.</summary>
    public StudyModels Models { get; }

    /// <summary>Texts and the teachers that rows need under some seeds; with the whole study, these teachers' scores too.</summary>
    public void Prepare(IEnumerable<int> seeds, StudyRows rows, CancellationToken cancellation)
    {
        Texts.Write();
        foreach (int set in seeds.Select(StudyModels.TeachersOf).Distinct())
        {
            foreach (string name in rows.Teachers)
            {
                string model = Models.Teacher(set, name, cancellation);
                if (rows.IsWhole)
                    Score($"{name}-{set}", model, cancellation);
            }
        }
    }

    /// <summary>Students of several learning rates, and the best of these for each kind.</summary>
    public (LearningRates Chosen, TriedRate[] Tried) ChooseRates(CancellationToken cancellation)
    {
        FuseOutcome outcome = new StudySeed(this, TuningSeed).Tune(Rates, cancellation);
        TriedRate[] tried = [.. outcome.Students.Select(static s => new TriedRate(
            s.Student.LossWeight == 1 ? FuseRun.ControlName : "fusion", s.Student.LearningRate!.Value, DomainScore.Of(s.Scores!.Documents).BitsPerByte))];
        return (LearningRates.Best(tried), tried);
    }

    /// <summary>Runs a fusion; what is finished is not done again.</summary>
    public FuseOutcome Fuse(FuseConfig config, CancellationToken cancellation) => new FuseRun(config, Folder, _backend, _progress).Run(cancellation);

    /// <summary>Scores of a teacher on the held-out text.</summary>
    public ModelScores Score(string name, string model, CancellationToken cancellation)
    {
        string path = Path.Combine(Folder, "teachers", name + ".json");
        _stages.Run($"evaluate {name}", "tokens", StageRecords.KeyOf(StageRecords.Fingerprint(Texts.HeldOut), StageRecords.Fingerprint(model)), [path], report =>
        {
            DocumentScore[] scores = ScoresOf(Texts.HeldOut, model, report, _progress, cancellation);
            ModelScores.Write(path, scores);
            return DomainScore.Of(scores).BitsPerByte;
        }, static bits => FormattableString.Invariant($"{bits:F4} bits per byte"));
        return ModelScores.Read(path);
    }

    /// <summary>Scores of a checkpoint with its tokenizer beside it.</summary>
    internal static DocumentScore[] ScoresOf(string texts, string model, Action<long, double>? report, IFuseProgress progress, CancellationToken cancellation) =>
        ModelScores.Score(texts, "domain", model, TextEncoder.Load(model), DemoSize.SequenceLength, "cpu", report, progress.Notice, cancellation);

    /// <summary>Several models as one, beside a seed's other results.</summary>
    public Ensemble EnsembleIn(string folder) => new(Path.Combine(folder, "ensemble"), new StageRunner(Path.Combine(folder, "stages"), _progress), _progress);

    /// <summary>The control that spends on text what others spend on teachers.</summary>
    public PlainStudent PlainStudentIn(string folder) => new(Path.Combine(folder, StudyMethods.EqualCostControl), new StageRunner(Path.Combine(folder, "stages"), _progress), _progress);
}
