using PtaKernels.Demo;
using PtaKernels.Pipeline;
using static TorchSharp.torch;

namespace PtaKernels.Effect;

/// <summary>The study's teachers and targets, trained where they are not there yet.</summary>
/// <param name="repository">Where <c>samples</c> and <c>perf</c> are.</param>
/// <param name="folder">The study's folder.</param>
/// <param name="texts">What they are trained on.</param>
/// <param name="stages">Knows what is finished.</param>
/// <param name="progress">Is told what happens.</param>
internal sealed class StudyModels(string repository, string folder, StudyTexts texts, StageRunner stages, IFuseProgress progress)
{
    /// <summary>The two shipped teachers, a third with short tokens, and one with the target's own tokenizer.</summary>
    public static readonly string[] TeacherNames = ["neox", "mpt", "third", "twin"];

    /// <summary>Seeds of teachers: the first set takes the shipped weights where there are such.</summary>
    public static readonly int[] TeacherSets = [101, 102];

    /// <summary>Which teachers a seed of the study takes: seeds 1 to 3 the first set, others the second.</summary>
    public static int TeachersOf(int seed) => TeacherSets[seed <= 3 ? 0 : 1];

    /// <summary>A teacher's checkpoint.</summary>
    public string Teacher(int set, string name, CancellationToken cancellation)
    {
        bool shipped = name is "neox" or "mpt";
        string definition = shipped ? Path.Combine(repository, "samples", "demo", name) : Path.Combine(repository, "perf", "effect", "models", name);
        if (shipped && set == TeacherSets[0])
            return definition;
        return new NewModel(stages, progress)
        {
            Name = $"{name} {set}",
            Definition = definition,
            Tokenizer = name == "twin" ? TargetDefinition : null,
            Texts = texts.ForTeacher(name),
            Training = shipped ? StudyTraining.Teacher : StudyTraining.OncePerText,
            Type = ScalarType.Float16,
            Seed = set,
        }.Train(Path.Combine(folder, "teachers", $"{name}-{set}"), cancellation);
    }

    /// <summary>The target of a seed: its own first weights and order.</summary>
    public string Target(int seed, CancellationToken cancellation) => new NewModel(stages, progress)
    {
        Name = $"target {seed}",
        Definition = TargetDefinition,
        Texts = texts.ForTarget,
        Training = StudyTraining.Target,
        Type = ScalarType.Float32,
        Seed = seed,
    }.Train(Path.Combine(folder, "targets", $"{seed}"), cancellation);

    private string TargetDefinition => Path.Combine(repository, "samples", "demo", "target");
}
