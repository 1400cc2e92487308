using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>GPT-NeoX, Pythia.</summary>
/// <remarks>h += attention(norm1(h)) + feedforward(norm2(h)); without parallel residuals the feed-forward layer reads the h that attention changed.</remarks>
internal sealed class GptNeoXModel(ModelConfig config, ModelWeights weights) : CausalModel(config, weights)
{
    private const string Embedding = "gpt_neox.embed_in.weight";
    private const string Head = "embed_out.weight";

    private static readonly string[] Maps = ["attention.query_key_value", "attention.dense", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"];

    /// <inheritdoc/>
    public override string EmbeddingName => Embedding;

    /// <inheritdoc/>
    public override string HeadName => Config.TiedEmbedding ? Embedding : Head;

    /// <inheritdoc/>
    public override IEnumerable<string> LinearNames =>
        Enumerable.Range(0, Config.Layers).SelectMany(static layer => Maps.Select(map => $"{Prefix(layer)}{map}.weight"));

    /// <summary>Every weight of such a model.</summary>
    public static IEnumerable<WeightShape> Shapes(ModelConfig config)
    {
        long width = config.Width;
        IEnumerable<WeightShape> layers = Enumerable.Range(0, config.Layers).Select(Prefix).SelectMany(p => (WeightShape[])
        [
            .. WeightShape.Norm(p + "input_layernorm", width, true),
            .. WeightShape.Norm(p + "post_attention_layernorm", width, true),
            .. WeightShape.Map(p + Maps[0], 3 * width, width, config.AttentionBias),
            .. WeightShape.Map(p + Maps[1], width, width, config.OutputBias),
            .. WeightShape.Map(p + Maps[2], config.FeedForward, width, true),
            .. WeightShape.Map(p + Maps[3], width, config.FeedForward, true),
        ]);
        WeightShape[] head = config.TiedEmbedding ? [] : [new(Head, [config.Vocabulary, width], WeightKind.Matrix)];
        return [new(Embedding, [config.Vocabulary, width], WeightKind.Matrix), .. layers, .. WeightShape.Norm("gpt_neox.final_layer_norm", width, true), .. head];
    }

    /// <inheritdoc/>
    public override Tensor Layer(int layer, Tensor hidden, AttentionPattern attention)
    {
        using var scope = NewDisposeScope();
        string prefix = Prefix(layer);
        Tensor afterAttention = hidden + Attention(prefix, Norm(prefix + "input_layernorm", hidden), attention);
        Tensor normed = Norm(prefix + "post_attention_layernorm", Config.ParallelResidual ? hidden : afterAttention);
        Tensor inner = DecoderParts.Activate(Config.Activation, Linear(prefix + "mlp.dense_h_to_4h", normed));
        return (afterAttention + Linear(prefix + "mlp.dense_4h_to_h", inner)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor FinalNorm(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return Norm("gpt_neox.final_layer_norm", hidden).MoveToOuterDisposeScope();
    }

    private static string Prefix(int layer) => $"gpt_neox.layers.{layer}.";

    private Tensor Attention(string prefix, Tensor x, AttentionPattern attention)
    {
        // Rows of the fused map: for each head its query, key and value.
        Tensor[] parts = Linear(prefix + "attention.query_key_value", x).view(x.shape[0], x.shape[1], Config.Heads, 3, Config.HeadWidth).unbind(3);
        (Tensor cosines, Tensor sines) = Rotary.Table(Config, attention, x.dtype);
        Tensor queries = Rotary.Turn(parts[0], cosines, sines);
        Tensor keys = Rotary.Turn(parts[1], cosines, sines);
        return Linear(prefix + "attention.dense", DecoderParts.Attend(queries, keys, parts[2], attention.Mask(null, x.dtype), Config.SoftmaxScale));
    }

    private Tensor Norm(string prefix, Tensor x) => DecoderParts.LayerNorm(x, Weights[prefix + ".weight"], Weights[prefix + ".bias"], Config.NormEpsilon);
}
