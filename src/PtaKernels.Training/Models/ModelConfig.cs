namespace PtaKernels.Training;

/// <summary>Families of decoders that can be loaded.</summary>
public enum ModelFamily
{
    /// <summary>Llama 1 to 3, Mistral: RMS norm, rotary positions, gated SiLU, grouped key-value heads.</summary>
    Llama,

    /// <summary>Qwen2 and 2.5: the same with biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>MPT: layer norm, ALiBi, tied embedding.</summary>
    Mpt,

    /// <summary>GPT-NeoX: layer norm, partly rotary, parallel attention and feed-forward.</summary>
    GptNeoX,
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
}
