using PtaKernels.Pipeline;
using PtaKernels.Text;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Cli.Demo;

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
        string[] teachers = [.. Teachers.Select(t => fromScratch ? TrainTeacher(t.Name, cancellation) : Path.Combine(samples, t.Name))];
        string target = TrainFromNothing("target", Texts(DemoCorpus.PreTraining), Path.Combine(samples, "target"), size.PreTraining, ScalarType.Float32, cancellation);
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

    private string TrainTeacher(string name, CancellationToken cancellation) =>
        TrainFromNothing(name, Texts(name), Path.Combine(samples, name), DemoSize.Teachers, ScalarType.Float16, cancellation);

    /// <summary>Makes a model with random weights and trains it on next tokens alone.</summary>
    private string TrainFromNothing(string name, string texts, string definition, DemoTraining training, ScalarType type, CancellationToken cancellation)
    {
        string place = Path.Combine(folder, "models", name), start = Path.Combine(place, "start"), packed = Path.Combine(place, "packed"), run = Path.Combine(place, "run"), model = Path.Combine(run, "model");
        string key = StageRecords.KeyOf(StageRecords.Fingerprint(texts), StageRecords.Fingerprint(Path.Combine(definition, ModelFiles.ConfigName)), StageRecords.Fingerprint(Path.Combine(definition, DemoSize.TokenizerName)), training, size.Seed);
        _stages.Run($"pre-train {name}", "tokens", key, [start, packed, run], report =>
        {
            ModelConfig config = ModelFiles.ReadConfig(definition, progress.Notice);
            ModelFiles.CreateRandom(start, config, (ulong)size.Seed, type, replace: true, definition: definition);
            new PackingRun { InputPath = texts, Encoder = TextEncoder.Load(definition), OutputPath = packed, Replace = true, Length = DemoSize.SequenceLength }.Run(cancellation);
            long tokens = 0;
            int steps = 0;
            StepRecord? last = null;
            var trainer = new FusionTrainer(training.Options(start, packed, run, 1, size.Seed))
            {
                Notice = progress.Notice,
                Progress = step =>
                {
                    last = step;
                    report(tokens += step.Tokens, (double)step.Step / steps);
                },
            };
            steps = trainer.Steps;
            trainer.Run(cancellation);
            return new PreTrained(ModelFiles.Parameters(config), tokens, last?.NextToken ?? 0);
        }, static done => $"{done.Parameters / 1e6:F2} M parameters, {done.Tokens} tokens");
        return model;
    }

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

    private sealed record PreTrained(long Parameters, long Tokens, double LastLoss);
}

/// <summary>How a model of the demonstration is trained.</summary>
/// <param name="LearningRate">Highest rate.</param>
/// <param name="WarmUp">Share of the steps in which it rises.</param>
/// <param name="Batch">Sequences per step.</param>
/// <param name="Epochs">Passes over the data.</param>
internal sealed record DemoTraining(double LearningRate, double WarmUp, int Batch, double Epochs)
{
    /// <summary>The options of a run.</summary>
    public TrainingOptions Options(string model, string data, string output, double weight, int seed) => new()
    {
        Model = model,
        Data = data,
        Output = output,
        Weight = weight,
        LearningRate = LearningRate,
        WarmUp = WarmUp,
        Batch = Batch,
        Accumulation = 1,
        Epochs = Epochs,
        Compute = ScalarType.Float32,
        Checkpointing = false,
        Seed = seed,
        SaveEvery = 200,
        Keep = 1,
    };
}

/// <summary>How much the demonstration does.</summary>
internal sealed record DemoSize
{
    /// <summary>Positions of a sequence, of a document and of what a model sees.</summary>
    public const int SequenceLength = 384;

    /// <summary>The tokenizer's file beside a configuration.</summary>
    public const string TokenizerName = "tokenizer.model";

    /// <summary>All of it: about four minutes on two cores.</summary>
    public static readonly DemoSize Full = new();

    /// <summary>Enough to see the order of fusion and control.</summary>
    public static readonly DemoSize Reduced = new() { HeldOut = 500, Transfer = 450, Students = ["fusion"] };

    /// <summary>How the teachers were made.</summary>
    public static readonly DemoTraining Teachers = new(3e-3, 0.03, 4, 1.5);

    /// <summary>Held-out documents at most.</summary>
    public int HeldOut { get; init; } = int.MaxValue;

    /// <summary>Documents that the target is pre-trained on.</summary>
    public int PreTrainingDocuments { get; init; } = 1100;

    /// <summary>Documents that teachers annotate and students are trained on.</summary>
    public int Transfer { get; init; } = 900;

    /// <summary>How the target is pre-trained.</summary>
    public DemoTraining PreTraining { get; init; } = new(2e-3, 0.03, 4, 3);

    /// <summary>How students are trained.</summary>
    public DemoTraining Training { get; init; } = new(2e-3, 0.03, 2, 4);

    /// <summary>The students, each named as its preset; the control is trained on the first one's data.</summary>
    public string[] Students { get; init; } = ["fusion", "paper", "reference"];

    /// <summary>First weights and orders.</summary>
    public int Seed { get; init; } = 1;
}
