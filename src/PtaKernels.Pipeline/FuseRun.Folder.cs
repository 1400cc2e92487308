using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Pipeline;

/// <content>What a run leaves in its folder beside the stages' own files, and what is read of them again.</content>
public sealed partial class FuseRun
{
    /// <summary>File of the output folder with the configuration that made it.</summary>
    internal const string ConfigName = "run.json";

    /// <summary>Folder of the stages' records.</summary>
    internal const string StagesName = "stages";

    private static readonly string[] StudentStages = ["align", "pack", "train", "evaluate"];

    /// <summary>What was asked for.</summary>
    internal FuseConfig Config => _config;

    /// <summary>The models that teach a student.</summary>
    internal FuseModel[] TeachersOf(Student student) => [.. Taught(student).Select(s => Sources[s])];

    /// <summary>A student's teachers with their vocabularies, maps, the target's encoder, and embeddings where its costs read them.</summary>
    internal AlignmentSource[] SourcesOf(Student student) =>
    [
        .. TeachersOf(student).Select(s => new AlignmentSource(s.Name, new VocabularyPair(
            s.Encoder.Vocabulary, Target.Encoder.Vocabulary, OfficialMapping.ToMap(OfficialMapping.Read(Made("maps", s.Name + ".json")), s.Encoder.Vocabulary, Target.Encoder.Vocabulary))
        {
            TargetEncoder = Target.Encoder,
            Embeddings = EmbeddingsOf(student, s),
        })),
    ];

    /// <summary>Whether a stage came to its end.</summary>
    internal bool IsFinished(string stage) => _stages.Find(stage) is { Finished: true };

    /// <summary>Whether a student's alignment came to its end, for this configuration.</summary>
    internal bool IsAligned(Student student) =>
        _stages.Find($"align {student.Name}") is { Finished: true } aligned
        && _stages.Find($"capture {Target.Name}") is { } target
        && Sources.Select(s => _stages.Find($"capture {s.Name}")).ToArray() is var captured && Array.TrueForAll(captured, static s => s is not null)
        && Sources.Select(s => _stages.Find($"map {s.Name}")).ToArray() is var maps && Array.TrueForAll(maps, static s => s is not null)
        && aligned.Key == AlignmentKey(student, target, captured!, maps!, [.. Sources.Select(s => _stages.Find($"embed {s.Name}"))]);

    /// <summary>What a model's capture left.</summary>
    internal string CapturedFolder(string model) => Made("captured", model);

    /// <summary>What a student's alignment left.</summary>
    internal string AlignedFolder(string student) => Made("aligned", student);

    /// <summary>What the finished stages left; students that are not trained are not among them.</summary>
    internal FuseOutcome Recorded()
    {
        List<StudentOutcome> students = [];
        foreach (Student student in Students)
        {
            if (_stages.Find($"train {student.Name}") is { Finished: true } trained)
                students.Add(new StudentOutcome(student, Left<AlignOutcome>($"align {student.Name}"), trained.ResultAs<TrainOutcome>(), ScoresOf(student.Name)));
        }

        return new FuseOutcome(_config, Target, Sources, students, ScoresOf("target"), [.. Sources.Select(s => ScoresOf(s.Name))], [.. Times()]);
    }

    private T? Left<T>(string stage)
        where T : class => _stages.Find(stage) is { Finished: true } record ? record.ResultAs<T>() : null;

    private ModelScores? ScoresOf(string model) => IsFinished($"evaluate {model}") ? ModelScores.Read(Made("evaluation", model + ".json")) : null;

    /// <summary>Seconds of the finished stages, in the order in which a run goes through them.</summary>
    private IEnumerable<StageTime> Times()
    {
        string[] names =
        [
            "split", .. Sources.Select(static s => $"map {s.Name}"), .. Sources.Select(static s => $"embed {s.Name}"), .. Sources.Prepend(Target).Select(static m => $"capture {m.Name}"),
            .. Students.SelectMany(static s => StudentStages.Select(verb => $"{verb} {s.Name}")), .. Sources.Prepend(Target).Select(static m => $"evaluate {m.Name}"),
        ];
        foreach (string name in names)
        {
            if (_stages.Find(name) is { Seconds: { } seconds })
                yield return new StageTime(name, seconds);
        }
    }

    private int[] Taught(Student student) => [.. Enumerable.Range(0, Sources.Count).Where(s => student.Sources?.Contains(Sources[s].Name) ?? true)];

    private string AlignmentKey(Student student, StageRecord target, StageRecord[] sources, StageRecord[] maps, StageRecord?[] embeddings)
    {
        int[] taught = Taught(student);
        string key = StageRecords.KeyOf(target.Key, taught.Select(s => sources[s].Key), taught.Select(s => maps[s].Key), student.Deciding, _config.OnError);
        return WithEmbeddings(key, student, taught.Select(s => embeddings[s]));
    }

    /// <summary>Keeps the configuration beside what it makes, so that the folder says for itself what it is; paths are absolute, the output is the folder.</summary>
    private void WriteConfig()
    {
        FuseConfig kept = _config with
        {
            Output = ".",
            Documents = Full(_config.Documents),
            Target = Absolute(_config.Target),
            Sources = [.. _config.Sources.Select(Absolute)],
            Evaluation = _config.Evaluation is { } evaluation ? evaluation with { Documents = Full(evaluation.Documents) } : null,
        };
        AtomicFile.Write(Made(ConfigName), FuseConfigFile.Text(kept) + "\n");

        ModelConfigEntry Absolute(ModelConfigEntry entry) => entry with { Model = Full(entry.Model), Tokenizer = entry.Tokenizer is { } tokenizer ? Full(tokenizer) : null };
    }

    private void RequireTexts()
    {
        foreach (string file in _config.Evaluation is { } evaluation ? new[] { Full(_config.Documents), Full(evaluation.Documents) } : [Full(_config.Documents)])
        {
            if (!Path.Exists(file))
                throw new AlignmentDataException($"{file}: no such file or folder; documents names the text.");
        }
    }
}
