namespace PtaKernels.Training;

/// <summary>Families of decoders that can be loaded.</summary>
public enum ModelFamily
{
    /// <summary>Llama 1 to 3: RMS norm, rotary positions, gated SiLU, grouped key-value heads.</summary>
    Llama,

    /// <summary>Mistral: the same, where a sliding window may limit attention.</summary>
    Mistral,

    /// <summary>Qwen2 and 2.5: the same with biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>MPT: layer norm, ALiBi, no biases.</summary>
    Mpt,

    /// <summary>GPT-NeoX: layer norm, partly rotary, parallel attention and feed-forward.</summary>
    GptNeoX,
}

/// <summary>The function between the two maps of a feed-forward layer.</summary>
public enum Activation
{
    /// <summary>x sigmoid(x).</summary>
    Silu,

    /// <summary>x Phi(x), exactly.</summary>
    Gelu,

    /// <summary>Its approximation by tanh.</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,
}

/// <summary>Shapes and constants of a model, from its <c>config.json</c>.</summary>
public sealed record ModelConfig
{
    /// <summary>Which architecture.</summary>
    public required ModelFamily Family { get; init; }

    /// <summary>Rows of the embedding; may be more than the tokenizer has tokens.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Width of the hidden state.</summary>
    public required int Width { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>Width of the feed-forward layer.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Longest sequence the model was made for.</summary>
    public required int MaxLength { get; init; }

    /// <summary>Added to the variance in norms.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>True where the output matrix is the embedding.</summary>
    public bool TiedEmbedding { get; init; }

    /// <summary>Between the maps of the feed-forward layer.</summary>
    public Activation Activation { get; init; }

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the map after attention has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether the feed-forward layer has biases.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Base of the rotary angles.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Leading dimensions of a head that are rotated; even.</summary>
    public int RotaryWidth { get; init; }

    /// <summary>Scaling of rotary angles, or null.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Positions that a position sees, itself included; null for all before it.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>First layer that <see cref="SlidingWindow"/> holds for; those before see everything.</summary>
    public int FirstWindowLayer { get; init; }

    /// <summary>GPT-NeoX: whether attention and feed-forward layer read the same hidden state.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>MPT: the steepest slope of ALiBi is 2^(-this/heads).</summary>
    public double AlibiBiasMax { get; init; } = 8;

    /// <summary>MPT: queries, keys and values are cut to this magnitude, or null.</summary>
    public double? ClipQkv { get; init; }

    /// <summary>What scores are multiplied by; null for 1 / sqrt(<see cref="HeadWidth"/>).</summary>
    public double? SoftmaxScale { get; init; }
}
