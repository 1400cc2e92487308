using System.ComponentModel;
using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>What <c>pta fuse</c> does: models and text in, fused students out. The descriptions are the comments of <c>--print-default-config</c> and of the schema.</summary>
public sealed record FuseConfig
{
    /// <summary>Where everything goes.</summary>
    [Description("folder for everything that the run makes; relative paths start at this file's folder")]
    public required string Output { get; init; }

    /// <summary>The corpus.</summary>
    [Description("the text that the teachers annotate and the students are trained on: JSON lines with a field text, plain or .gz, or a dataset folder with such a column")]
    public required string Documents { get; init; }

    /// <summary>The receiving model.</summary>
    [Description("the model that learns; its tokenizer's files lie in the same folder unless tokenizer names others")]
    public required ModelConfigEntry Target { get; init; }

    /// <summary>The giving models.</summary>
    [Description("the models that teach, each with a name of its own")]
    public required IReadOnlyList<ModelConfigEntry> Sources { get; init; }

    /// <summary>The students.</summary>
    [Description("the students to train, each from the target; without any there is one, named fused, of the preset below")]
    public IReadOnlyList<StudentConfig> Students { get; init; } = [];

    /// <summary>The preset of students that name none.</summary>
    [Description("reference | paper | fusion, for students that name none")]
    public string Preset { get; init; } = AlignmentPreset.Default;

    /// <summary>The control.</summary>
    [Description("none | clm: train a control beside the students, on the same tokens and at the same cost, without teachers")]
    public string Control { get; init; } = "none";

    /// <summary>Cutting.</summary>
    [Description("how the text is cut before any model sees it")]
    public SplitConfig Split { get; init; } = new();

    /// <summary>Forward passes.</summary>
    [Description("what is kept of the models' next-token distributions")]
    public CaptureConfig Capture { get; init; } = new();

    /// <summary>Vectors of tokens.</summary>
    [Description("the token embeddings of sources and target in one space, where a student's cost is embedding or hybrid")]
    public EmbedConfig Embed { get; init; } = new();

    /// <summary>Bad documents.</summary>
    [Description("stop | quarantine: documents that cannot be aligned end the run, or are left out and kept with their reasons beside the aligned ones")]
    public string OnError { get; init; } = "stop";

    /// <summary>Training.</summary>
    [Description("how the students are trained")]
    public TrainConfig Train { get; init; } = new();

    /// <summary>Comparison.</summary>
    [Description("what target, sources and students are compared on; without it nothing is")]
    public EvaluationConfig? Evaluation { get; init; }

    /// <summary>Kernels.</summary>
    [Description("what aligns: auto | native | reference | ilgpu-cuda | ilgpu-cpu")]
    public string Backend { get; init; } = "auto";

    /// <summary>Where models run.</summary>
    [Description("where models run: cpu, cuda or cuda:N")]
    public string Device { get; init; } = "cpu";

    /// <summary>Randomness.</summary>
    [Description("order of the training data")]
    public int Seed { get; init; } = 42;
}

/// <summary>A model of a fusion.</summary>
public sealed record ModelConfigEntry
{
    /// <summary>Its name in files and reports.</summary>
    [Description("name in files and reports; default: the folder's")]
    public string? Name { get; init; }

    /// <summary>The checkpoint.</summary>
    [Description("folder with config.json and safetensors")]
    public required string Model { get; init; }

    /// <summary>Its tokenizer.</summary>
    [Description("the tokenizer's file or folder; default: the model's folder")]
    public string? Tokenizer { get; init; }

    /// <summary>Temperature of its distributions.</summary>
    [Description("divides its logits before they are captured; above 1 for a model that is too sure of itself")]
    public double Temperature { get; init; } = 1;
}

/// <summary>A student of a fusion.</summary>
public sealed record StudentConfig
{
    /// <summary>Its name.</summary>
    [Description("name in files and reports")]
    public required string Name { get; init; }

    /// <summary>Its alignment.</summary>
    [Description("reference | paper | fusion; default: the run's preset")]
    public string? Preset { get; init; }

    /// <summary>Deviations from the preset.</summary>
    [Description("switches that differ from the preset, as in pta align: {\"fill\": \"on\"}")]
    public IReadOnlyDictionary<string, string> Switches { get; init; } = new Dictionary<string, string>();

    /// <summary>w.</summary>
    [Description("w of w * next-token loss + (1 - w) * fusion loss; default: the preset's")]
    public double? LossWeight { get; init; }

    /// <summary>Its teachers.</summary>
    [Description("names of the sources that teach it; default: all")]
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Its rate.</summary>
    [Description("highest learning rate; default: train's")]
    public double? LearningRate { get; init; }
}

/// <summary>How text is cut.</summary>
public sealed record SplitConfig
{
    /// <summary>Longest document.</summary>
    [Description("longest document in tokens of any of the tokenizers, begin and end of sequence included")]
    public int Length { get; init; } = 2048;
}

/// <summary>What is kept of forward passes.</summary>
public sealed record CaptureConfig
{
    /// <summary>Candidates.</summary>
    [Description("next-token candidates kept per position, 1..64; the official code keeps 10, and preset reference is its only then")]
    public int TopK { get; init; } = CaptureRun.DefaultTopK;

    /// <summary>Batch.</summary>
    [Description("positions that go through a model together")]
    public int BatchTokens { get; init; } = 8192;

    /// <summary>Type.</summary>
    [Description("float32 | bfloat16: type of weights and activations; what is kept is float32")]
    public string Compute { get; init; } = "float32";
}

/// <summary>How token embeddings are brought into one space.</summary>
public sealed record EmbedConfig
{
    /// <summary>Dimensions.</summary>
    [Description("numbers of a vector, 1..the narrower model's width less one hundredth; default: 128, or as many as that if fewer")]
    public int? Dimensions { get; init; }
}

/// <summary>How students are trained.</summary>
public sealed record TrainConfig
{
    /// <summary>Sequence length.</summary>
    [Description("positions of a sequence")]
    public int Length { get; init; } = 2048;

    /// <summary>Rate.</summary>
    [Description("highest learning rate; cosine after the warm-up")]
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Warm-up.</summary>
    [Description("share of the steps in which the rate rises")]
    public double WarmUp { get; init; } = 0.008;

    /// <summary>Decay.</summary>
    [Description("AdamW's decay of matrices")]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Clip.</summary>
    [Description("largest norm of the gradient, 0 for none")]
    public double Clip { get; init; } = 1;

    /// <summary>Batch.</summary>
    [Description("sequences that go through the model together")]
    public int Batch { get; init; } = 1;

    /// <summary>Accumulation.</summary>
    [Description("such batches per optimiser step")]
    public int Accumulate { get; init; } = 16;

    /// <summary>Epochs.</summary>
    [Description("passes over the data")]
    public double Epochs { get; init; } = 1;

    /// <summary>Type.</summary>
    [Description("bfloat16 | float32: type of weights and activations; masters are float32 always")]
    public string Compute { get; init; } = "bfloat16";

    /// <summary>Activations.</summary>
    [Description("recompute: keep only the layers' inputs; keep: faster, more memory")]
    public string Activations { get; init; } = "recompute";

    /// <summary>Adapters.</summary>
    [Description("rank of low-rank adapters, 0 trains all weights")]
    public int Lora { get; init; }

    /// <summary>Checkpoints.</summary>
    [Description("steps between checkpoints")]
    public int SaveEvery { get; init; } = 500;
}

/// <summary>What models are compared on.</summary>
public sealed record EvaluationConfig
{
    /// <summary>Held-out text.</summary>
    [Description("held-out text, in the form of documents above")]
    public required string Documents { get; init; }

    /// <summary>Domains.</summary>
    [Description("field of the held-out documents that names their domain")]
    public string? DomainField { get; init; }

    /// <summary>Length.</summary>
    [Description("positions that a model sees; longer documents go in windows that overlap by half")]
    public int Length { get; init; } = 2048;

    /// <summary>Sources too.</summary>
    [Description("also score the sources")]
    public bool Sources { get; init; } = true;
}
