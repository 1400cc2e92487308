using PtaKernels.Corpus.Stores;
using static TorchSharp.torch;

namespace PtaKernels.Pipeline.Planning;

/// <summary>What a plan is asked for.</summary>
internal sealed record PlanRequest
{
    /// <summary>The target's documents; null where only texts or files are known.</summary>
    public string? Target { get; init; }

    /// <summary>The target's vocabulary or tokenizer.</summary>
    public string? TargetVocabulary { get; init; }

    /// <summary>Each source's documents.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>Each source's vocabulary or tokenizer.</summary>
    public IReadOnlyList<string> SourceVocabularies { get; init; } = [];

    /// <summary>Each source's embeddings (<see cref="Training.EmbeddingsFile"/>); none where the cost reads none.</summary>
    public IReadOnlyList<string> Embeddings { get; init; } = [];

    /// <summary>A corpus of texts, or null.</summary>
    public string? Texts { get; init; }

    /// <summary>Target tokens, a forecast for each; none for those of the corpus.</summary>
    public IReadOnlyList<double> Tokens { get; init; } = [];

    /// <summary>Chance of each document to be in the sample.</summary>
    public double Sample { get; init; } = 0.01;

    /// <summary>Which sample.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Documents of the sample at most.</summary>
    public int Most { get; init; } = 4000;

    /// <summary>Rounds that are timed.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Name of the preset.</summary>
    public required string Preset { get; init; }

    /// <summary>All switches.</summary>
    public required AlignmentOptions Options { get; init; }

    /// <summary>How the stores keep their rows.</summary>
    public StoreOptions Store { get; init; } = new();

    /// <summary>The machines.</summary>
    public required PlanMachines Machines { get; init; }

    /// <summary>Device by name; null for none.</summary>
    public string? Device { get; init; }

    /// <summary>Operations per second that a device is said to have; null for those of <see cref="Device"/>.</summary>
    public double? DeviceFlops { get; init; }

    /// <summary>Share of that rate that models reach, of a processor's measured one as well.</summary>
    public double Utilisation { get; init; } = 0.4;

    /// <summary>The target's model: a folder or a count.</summary>
    public string? TargetModel { get; init; }

    /// <summary>Each source's model.</summary>
    public IReadOnlyList<string> SourceModels { get; init; } = [];

    /// <summary>Candidates per position.</summary>
    public int K { get; init; } = 10;

    /// <summary>Positions of a piece and of a packed sequence.</summary>
    public int Length { get; init; } = 2048;

    /// <summary>Passes over the packed sequences.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Whether training keeps few activations and computes the others again.</summary>
    public bool Checkpointing { get; init; } = true;

    /// <summary>Type of weights and activations in training.</summary>
    public ScalarType Compute { get; init; } = ScalarType.BFloat16;

    /// <summary>Results of other measurements, taken instead of measuring here.</summary>
    public IReadOnlyList<string> Rates { get; init; } = [];

    /// <summary>Refuses what makes no plan, before any work.</summary>
    /// <exception cref="ArgumentException">One sentence.</exception>
    public void Require()
    {
        if (!(Sample is > 0 and <= 1))
            throw new ArgumentException(FormattableString.Invariant($"--sample {Sample} must be a share above 0 and at most 1."));
        if (Machines.Nodes < 1 || Machines.Cores < 1 || Machines.Gpus < 0)
            throw new ArgumentException($"--nodes {Machines.Nodes}, --cores {Machines.Cores} and --gpus {Machines.Gpus} are no machines; give at least one node and one core.");
        if (!(Utilisation is > 0 and <= 1))
            throw new ArgumentException(FormattableString.Invariant($"--utilisation {Utilisation} must be a share above 0 and at most 1."));
        if (Most < 1 || Rounds < 1 || K < 1 || Length < 2 || !(Epochs > 0))
            throw new ArgumentException("--sample-documents, --rounds, --top-k and --epochs must be above 0, --length at least 2.");
        if (Target is null != (Sources.Count == 0))
            throw new ArgumentException("--target and --source belong together: give the same documents as the target and each source saw them, or neither and --documents instead.");
        if (Target is not null && (TargetVocabulary is null || SourceVocabularies.Count != Sources.Count))
            throw new ArgumentException($"{Sources.Count} --source but {SourceVocabularies.Count} --source-vocab{(TargetVocabulary is null ? ", and no --target-vocab" : "")}; give one vocabulary for each model.");
        if (Texts is not null && TargetVocabulary is null)
            throw new ArgumentException("--documents needs --target-vocab, and a --source-vocab for each source: the tokenizers that the texts are cut for.");
        if (Target is null && Texts is null && Tokens.Count == 0)
            throw new ArgumentException("there is nothing to plan for; give --target and --source, or --documents, or --tokens.");
        if (SourceModels.Count > 0 && SourceNames > 0 && SourceModels.Count != SourceNames)
            throw new ArgumentException($"{SourceNames} sources but {SourceModels.Count} --source-model; give one for each source, in the same order, or none.");
        if (DeviceFlops is null && Device is not null)
            DeviceKinds.RateOf(Device);
    }

    /// <summary>Sources that are named by documents or tokenizers.</summary>
    public int SourceNames => Math.Max(Sources.Count, SourceVocabularies.Count);
}
