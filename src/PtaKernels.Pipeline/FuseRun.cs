namespace PtaKernels.Pipeline;

/// <summary>Text and models in, fused students and a report out: split, map, capture, align, pack, train, evaluate. Stages that are finished are not run again.</summary>
/// <remarks>
/// The output folder: <c>run.json</c> (the configuration), <c>split.jsonl.gz</c>, <c>maps/SOURCE.json</c>, <c>captured/MODEL</c>, <c>aligned/STUDENT</c>, <c>packed/STUDENT</c>, <c>training/STUDENT</c> with the checkpoint in <c>model</c>, <c>evaluation/MODEL.json</c>,
/// <c>stages/*.json</c> (what is finished, from what), <c>report/</c>. The same command goes on where it was stopped or killed.
/// </remarks>
public sealed partial class FuseRun
{
    private readonly FuseConfig _config;
    private readonly string _base;
    private readonly string _output;
    private readonly IKernelBackend _backend;
    private readonly IFuseProgress _progress;
    private readonly StageRunner _stages;

    /// <summary>Checks the configuration and what it names, before any work is done.</summary>
    /// <param name="config">What to do.</param>
    /// <param name="folder">Where relative paths start.</param>
    /// <param name="backend">What aligns.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <exception cref="AlignmentDataException">A file, folder or model that it names is not there.</exception>
    /// <exception cref="ArgumentException">A value has no meaning.</exception>
    public FuseRun(FuseConfig config, string folder, IKernelBackend backend, IFuseProgress progress)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(progress);
        _config = config;
        _base = Path.GetFullPath(folder);
        _output = Full(config.Output);
        _backend = backend;
        _progress = progress;
        _stages = new StageRunner(Path.Combine(_output, StagesName), progress);
        Students = StudentsOf(config);
        (Target, Sources) = OpenModels();
        RequireSettings();
    }

    /// <summary>The folder of the report.</summary>
    public string ReportFolder => Made("report");

    /// <summary>The students, controls last.</summary>
    internal IReadOnlyList<Student> Students { get; }

    /// <summary>The receiving model.</summary>
    internal FuseModel Target { get; }

    /// <summary>The giving models.</summary>
    internal IReadOnlyList<FuseModel> Sources { get; }

    /// <summary>The checkpoint of a student.</summary>
    /// <param name="student">Its name.</param>
    public string ModelOf(string student) => Path.Combine(Made("training", student), "model");

    /// <summary>Runs what is not finished.</summary>
    /// <param name="cancellation">Stops; what is finished stays, and the same call goes on from there.</param>
    /// <returns>What the report says.</returns>
    /// <exception cref="AlignmentDataException">Bad input; the stages before it stay finished.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public FuseOutcome Run(CancellationToken cancellation)
    {
        RequireTexts();
        Directory.CreateDirectory(_output);
        WriteConfig();
        SplitTexts(cancellation);
        StageRecord[] maps = [.. Sources.Select(s => Map(s, cancellation))];
        StageRecord target = Capture(Target, cancellation);
        StageRecord[] sources = [.. Sources.Select(s => Capture(s, cancellation))];
        var students = new List<StudentOutcome>();
        foreach (Student student in Students)
        {
            StageRecord? aligned = student.IsControl ? null : Align(student, target, sources, maps, cancellation);
            StageRecord packed = student.IsControl ? Packed(student.Like!) : Pack(student, aligned!, cancellation);
            StageRecord trained = Train(student, packed, cancellation);
            students.Add(new StudentOutcome(
                student, aligned?.ResultAs<AlignOutcome>(), trained.ResultAs<TrainOutcome>(), Evaluate(student.Name, ModelOf(student.Name), Target, trained.Key, cancellation)));
        }

        ModelScores? before = Evaluate("target", Target.Folder, Target, Target.Key, cancellation);
        ModelScores?[] scored = [.. Sources.Select(s => _config.Evaluation is { Sources: true } ? Evaluate(s.Name, s.Folder, s, s.Key, cancellation) : null)];
        return new FuseOutcome(_config, Target, Sources, students, before, scored, _stages.Times);
    }

    private string Full(string path) => Path.GetFullPath(Path.Combine(_base, path));

    private string Made(params string[] parts) => Path.Combine([_output, .. parts]);
}
