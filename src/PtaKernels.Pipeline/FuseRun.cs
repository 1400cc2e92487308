using System.Diagnostics;
using System.Text.Json;

namespace PtaKernels.Pipeline;

/// <summary>Text and models in, fused students and a report out: split, map, capture, align, pack, train, evaluate. Stages that are finished are not run again.</summary>
/// <remarks>
/// The output folder: <c>split.jsonl.gz</c>, <c>maps/SOURCE.json</c>, <c>captured/MODEL</c>, <c>aligned/STUDENT</c>, <c>packed/STUDENT</c>, <c>training/STUDENT</c> with the checkpoint in <c>model</c>, <c>evaluation/MODEL.json</c>,
/// <c>stages/*.json</c> (what is finished, from what), <c>report/</c>. The same command goes on where it was stopped or killed.
/// </remarks>
public sealed partial class FuseRun
{
    private readonly FuseConfig _config;
    private readonly string _base;
    private readonly string _output;
    private readonly IKernelBackend _backend;
    private readonly IFuseProgress _progress;
    private readonly StageRecords _records;
    private readonly List<StageTime> _times = [];

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
        _records = new StageRecords(Path.Combine(_output, "stages"));
        Students = [.. StudentsOf(config)];
        (Target, Sources) = OpenModels();
    }

    /// <summary>The folder of the report.</summary>
    public string ReportFolder => Made("report");

    /// <summary>The students, the control last.</summary>
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
        Directory.CreateDirectory(_output);
        StageRecord split = SplitTexts(cancellation);
        StageRecord[] maps = [.. Sources.Select(s => Map(s, cancellation))];
        StageRecord target = Capture(Target, split, cancellation);
        StageRecord[] sources = [.. Sources.Select(s => Capture(s, split, cancellation))];
        var students = new List<StudentOutcome>();
        foreach (Student student in Students)
        {
            StageRecord? aligned = student.IsControl ? null : Align(student, target, sources, maps, cancellation);
            StageRecord packed = student.IsControl ? Packed(Students[0]) : Pack(student, aligned!, cancellation);
            StageRecord trained = Train(student, packed, cancellation);
            students.Add(new StudentOutcome(
                student, aligned?.ResultAs<AlignOutcome>(), packed.ResultAs<PackOutcome>(), trained.ResultAs<TrainOutcome>(), Evaluate(student.Name, ModelOf(student.Name), Target, trained.Key, cancellation)));
        }

        ModelScores? before = Evaluate("target", Target.Folder, Target, Target.Key, cancellation);
        ModelScores?[] scored = [.. Sources.Select(s => _config.Evaluation is { Sources: true } ? Evaluate(s.Name, s.Folder, s, s.Key, cancellation) : null)];
        return new FuseOutcome(_config, Target, Sources, students, before, scored, target.ResultAs<CaptureOutcome>(), [.. sources.Select(static s => s.ResultAs<CaptureOutcome>())], _times);
    }

    /// <summary>Runs a stage, unless it is finished for this key.</summary>
    /// <param name="stage">Its name, with what it works on.</param>
    /// <param name="unit">What it counts.</param>
    /// <param name="key">What it works from.</param>
    /// <param name="made">Files and folders that it makes; what another key left there is removed.</param>
    /// <param name="work">The work; returns what the report needs.</param>
    /// <param name="outcome">A few words on that.</param>
    private StageRecord Stage<T>(string stage, string unit, string key, string[] made, Func<Action<long, double>, T> work, Func<T, string> outcome)
    {
        StageRecord? known = _records.Find(stage);
        bool reused = known is { Finished: true } && known.Key == key && Array.TrueForAll(made, Path.Exists);
        if (!reused)
        {
            if (known is not null && known.Key != key)
            {
                _progress.Notice($"{stage}: made again, because what it is made from has changed.");
                foreach (string path in made)
                    Remove(path);
            }

            _records.Save(stage, new StageRecord(key, null, null));
            foreach (string path in made)
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var clock = Stopwatch.StartNew();
            T? result = default;
            _progress.Run(stage, unit, report => result = work(report));
            known = new StageRecord(key, clock.Elapsed.TotalSeconds, JsonSerializer.SerializeToElement(result, FuseConfigFile.Options));
            _records.Save(stage, known);
        }

        _times.Add(new StageTime(stage, known!.Seconds!.Value));
        _progress.Done(stage, outcome(known.ResultAs<T>()), known.Seconds.Value, reused);
        return known;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else if (File.Exists(path))
            File.Delete(path);
    }

    private string Full(string path) => Path.GetFullPath(Path.Combine(_base, path));

    private string Made(params string[] parts) => Path.Combine([_output, .. parts]);
}
