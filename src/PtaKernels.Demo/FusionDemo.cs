using PtaKernels.Pipeline;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Demo;

/// <summary>The demonstration: two small teachers and a smaller target with three tokenizers and three architectures, fused on real text.</summary>
/// <param name="samples">Folder with the models' configurations, tokenizers and the teachers' weights.</param>
/// <param name="folder">Where everything goes.</param>
/// <param name="size">How much of it.</param>
/// <param name="backend">What aligns.</param>
/// <param name="progress">Is told what happens.</param>
internal sealed class FusionDemo(string samples, string folder, DemoSize size, IKernelBackend backend, IFuseProgress progress)
{
    /// <summary>The teachers: what each is trained on is most of one domain and a little of the other.</summary>
    private static readonly (string Name, string Strong, int Copies, double OfTheOther)[] Teachers = [("neox", "web", 3, 0.3), ("mpt", "core", 1, 0.2)];

    /// <summary>The report's heading.</summary>
    public const string Title = "Two small teachers fused into a smaller target";

    /// <summary>What a reader may and may not conclude.</summary>
    public static readonly string[] Conclusions =
    [
        "You may conclude how much of what two stronger teachers with other tokenizers know reaches this student through each preset, beside the same training without them, on this text and at this size.",
        "You may not conclude that models of billions of parameters gain the same: these teachers are stronger than the target by construction, all text is English reference documentation, it is repeated in training, and one seed is one seed.",
    ];

    private readonly StageRunner _stages = new(Path.Combine(folder, "stages"), progress);

    /// <summary>Runs what is not finished.</summary>
    /// <param name="fromScratch">Also train the teachers.</param>
    /// <param name="cancellation">Stops; the same call goes on from there.</param>
    public (FuseRun Run, FuseOutcome Outcome) Run(bool fromScratch, CancellationToken cancellation)
    {
        foreach (string name in Teachers.Select(static t => t.Name).Prepend("target"))
        {
            string definition = Path.Combine(samples, name, ModelFiles.ConfigName);
            if (!File.Exists(definition))
                throw new AlignmentDataException($"{definition}: no such file, so there is nothing to demonstrate with; run this inside the repository or name its samples/ with --samples.");
        }

        Directory.CreateDirectory(folder);
        WriteTexts();
        string[] teachers = [.. Teachers.Select(t => fromScratch ? Train(t.Name, DemoSize.Teachers, cancellation) : Path.Combine(samples, t.Name))];
        string target = Train("target", size.PreTraining, cancellation);
        FuseConfig config = ConfigOf(target, teachers);
        string file = Path.Combine(folder, "fusion.json");
        File.WriteAllText(file, FuseConfigFile.Text(config) + "\n");
        var run = new FuseRun(config, folder, backend, progress);
        return (run, run.Run(cancellation));
    }

    private string Texts(string part) => Path.Combine(folder, "texts", part + ".jsonl");

    private void WriteTexts()
    {
        string packs = ReferenceTexts.FindPacks();
        string[] parts = [DemoCorpus.HeldOut, DemoCorpus.PreTraining, DemoCorpus.Transfer, .. Teachers.Select(static t => t.Name)];
        _stages.Run("texts", "documents", StageRecords.KeyOf(ReferenceTexts.VersionsIn(packs), size), [.. parts.Select(Texts)], _ =>
        {
            ILookup<string, DemoDocument> all = DemoCorpus.Split(ReferenceTexts.Read(packs));
            DemoCorpus.Write(Texts(DemoCorpus.HeldOut), all[DemoCorpus.HeldOut].Take(size.HeldOut));
            DemoCorpus.Write(Texts(DemoCorpus.PreTraining), all[DemoCorpus.PreTraining].Take(size.PreTrainingDocuments));
            DemoCorpus.Write(Texts(DemoCorpus.Transfer), all[DemoCorpus.Transfer].Take(size.Transfer));
            foreach ((string name, string strong, int copies, double other) in Teachers)
            {
                DemoDocument[] own = [.. all[DemoCorpus.Sources].Where(d => d.Domain == strong)], others = [.. all[DemoCorpus.Sources].Where(d => d.Domain != strong)];
                DemoCorpus.Write(Texts(name), Enumerable.Repeat(own, copies).SelectMany(static d => d).Concat(others.Take((int)(other * others.Length))));
            }

            return all.Sum(static part => part.Sum(static d => (long)d.Text.Length));
        }, static bytes => $"{bytes / 1e6:F1} MB of reference documentation, {Teachers.Length + 3} parts");
    }

    private string Train(string name, DemoTraining training, CancellationToken cancellation) =>
        new NewModel(_stages, progress)
        {
            Name = name,
            Definition = Path.Combine(samples, name),
            Texts = Texts(name == "target" ? DemoCorpus.PreTraining : name),
            Training = training,
            Type = name == "target" ? ScalarType.Float32 : ScalarType.Float16,
            Seed = size.Seed,
        }.Train(Path.Combine(folder, "models", name), cancellation);

    /// <summary>The configuration of the run; paths start at its folder.</summary>
    private FuseConfig ConfigOf(string target, string[] teachers) => new()
    {
        Output = "fused",
        Documents = Path.GetRelativePath(folder, Texts(DemoCorpus.Transfer)),
        Target = new ModelConfigEntry { Model = Path.GetRelativePath(folder, target) },
        Sources = [.. Teachers.Zip(teachers, (t, model) => new ModelConfigEntry { Name = t.Name, Model = Path.GetRelativePath(folder, model) })],
        Students = [.. size.Students.Select(static s => new StudentConfig { Name = s, Preset = s })],
        Control = FuseRun.ControlName,
        Split = new SplitConfig { Length = DemoSize.SequenceLength },
        // As many as the official code keeps: only then is preset reference the official code.
        Capture = new CaptureConfig { TopK = 10 },
        Train = new TrainConfig
        {
            Length = DemoSize.SequenceLength,
            LearningRate = size.Training.LearningRate,
            WarmUp = size.Training.WarmUp,
            Batch = size.Training.Batch,
            Accumulate = 1,
            Epochs = size.Training.Epochs,
            Compute = "float32",
            Activations = "keep",
        },
        Evaluation = new EvaluationConfig { Documents = Path.GetRelativePath(folder, Texts(DemoCorpus.HeldOut)), DomainField = "domain", Length = DemoSize.SequenceLength },
        Seed = size.Seed,
    };
}
