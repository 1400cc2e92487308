using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>What a training run is: model, data, loss, optimiser. Defaults are SPEC B 7's, and preset <c>fusion</c>'s weight.</summary>
public sealed record TrainingOptions
{
    /// <summary>Folder of the student: <c>config.json</c> and safetensors.</summary>
    public required string Model { get; init; }

    /// <summary>Packed data (<c>pta pack</c>).</summary>
    public required string Data { get; init; }

    /// <summary>Folder for checkpoints, logs and the trained model.</summary>
    public required string Output { get; init; }

    /// <summary>w of L = w L_CLM + (1 - w) L_F (SPEC A3.6), 0..1.</summary>
    public double Weight { get; init; } = AlignmentPreset.Fusion.LossWeight;

    /// <summary>How w develops.</summary>
    public WeightSchedule WeightSchedule { get; init; }

    /// <summary>How the models' rows of official blocks become one; data of other presets has one row already.</summary>
    public OfficialFusion Official { get; init; } = new();

    /// <summary>The fusion loss.</summary>
    public FusionDivergence Divergence { get; init; }

    /// <summary>Highest learning rate; cosine to 0 after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Share of the steps in which the learning rate rises.</summary>
    public double WarmUp { get; init; } = 0.008;

    /// <summary>AdamW's decay of matrices; vectors are not decayed.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>AdamW's first beta.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's second beta.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Gradients with a larger norm are scaled down to it; 0 for no limit.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>Sequences that go through the model together.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Micro-batches per optimiser step.</summary>
    public int Accumulation { get; init; } = 16;

    /// <summary>Passes over the data.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Steps instead of <see cref="Epochs"/>; 0 where the epochs decide.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Type of weights and activations: float32 or bfloat16. Masters and moments are always float32.</summary>
    public ScalarType Compute { get; init; } = ScalarType.BFloat16;

    /// <summary>Keep only each layer's input, and compute its insides again when the gradient comes.</summary>
    public bool Checkpointing { get; init; } = true;

    /// <summary>Rank of low-rank adapters; 0 trains all weights.</summary>
    public int LoraRank { get; init; }

    /// <summary>Adapters are scaled by alpha / rank.</summary>
    public double LoraAlpha { get; init; } = 16;

    /// <summary>Order of the data and first values of adapters.</summary>
    public int Seed { get; init; } = 42;

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>Checkpoints kept; the oldest go.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>Where to run: cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Sequences of one optimiser step.</summary>
    internal int SequencesPerStep => Batch * Accumulation;

    /// <summary>Refuses values without meaning.</summary>
    /// <exception cref="ArgumentException">One sentence.</exception>
    public void Validate()
    {
        Check(Weight is >= 0 and <= 1, $"--loss-weight {Weight} must lie between 0 and 1.");
        Check(Official.Temperature > 0, $"--temperature {Official.Temperature} must be above 0.");
        Check(LearningRate > 0, $"--lr {LearningRate} must be above 0.");
        Check(WarmUp is >= 0 and <= 1, $"--warm-up {WarmUp} is a share of the steps, 0 to 1.");
        Check(WeightDecay >= 0, $"--weight-decay {WeightDecay} must not be negative.");
        Check(Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1, $"--betas {Beta1},{Beta2} must both lie in 0..1, 1 excluded.");
        Check(Clip >= 0, $"--clip {Clip} must not be negative; 0 is no limit.");
        Check(Batch > 0 && Accumulation > 0, $"--batch {Batch} and --accumulate {Accumulation} must be at least 1.");
        Check(MaxSteps >= 0 && Epochs > 0, $"--steps {MaxSteps} and --epochs {Epochs} must be above 0.");
        Check(WeightSchedule != WeightSchedule.Soft || SequencesPerStep == 1, $"--weight-schedule soft takes each sequence's own reward, so it needs --batch 1 --accumulate 1 (SPEC B 6).");
        Check(LoraRank >= 0 && LoraAlpha > 0, $"--lora {LoraRank} and --lora-alpha {LoraAlpha} must be above 0.");
        Check(SaveEvery > 0 && Keep > 0, $"--save-every {SaveEvery} and --keep {Keep} must be at least 1.");
        Check(Compute is ScalarType.Float32 or ScalarType.BFloat16, $"--compute {Compute}: float32 and bfloat16 are possible.");

        static void Check(bool holds, FormattableString sentence)
        {
            if (!holds)
                throw new ArgumentException(FormattableString.Invariant(sentence));
        }
    }
}
