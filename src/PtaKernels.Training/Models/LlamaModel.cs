using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Llama 1 to 3, Mistral, Qwen2 and 2.5.</summary>
/// <remarks>h += attention(norm(h)); h += down(activation(gate(norm(h))) * up(norm(h))).</remarks>
internal sealed class LlamaModel(ModelConfig config, ModelWeights weights) : CausalModel(config, weights)
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    private static readonly string[] Maps =
        ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];

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
        long queries = (long)config.Heads * config.HeadWidth;
        long keys = (long)config.KeyValueHeads * config.HeadWidth;
        long inner = config.FeedForward;
        IEnumerable<WeightShape> layers = Enumerable.Range(0, config.Layers).Select(Prefix).SelectMany(p => (WeightShape[])
        [
            .. WeightShape.Norm(p + "input_layernorm", width, false),
            .. WeightShape.Map(p + Maps[0], queries, width, config.AttentionBias),
            .. WeightShape.Map(p + Maps[1], keys, width, config.AttentionBias),
            .. WeightShape.Map(p + Maps[2], keys, width, config.AttentionBias),
            .. WeightShape.Map(p + Maps[3], width, queries, config.OutputBias),
            .. WeightShape.Norm(p + "post_attention_layernorm", width, false),
            .. WeightShape.Map(p + Maps[4], inner, width, config.FeedForwardBias),
            .. WeightShape.Map(p + Maps[5], inner, width, config.FeedForwardBias),
            .. WeightShape.Map(p + Maps[6], width, inner, config.FeedForwardBias),
        ]);
        WeightShape[] head = config.TiedEmbedding ? [] : [new(Head, [config.Vocabulary, width], WeightKind.Matrix)];
        return [new(Embedding, [config.Vocabulary, width], WeightKind.Matrix), .. layers, .. WeightShape.Norm("model.norm", width, false), .. head];
    }

    /// <inheritdoc/>
    public override Tensor Layer(int layer, Tensor hidden, AttentionPattern attention)
    {
        using var scope = NewDisposeScope();
        string prefix = Prefix(layer);
        Tensor afterAttention = hidden + Attention(layer, prefix, Norm(prefix + "input_layernorm", hidden), attention);
        Tensor normed = Norm(prefix + "post_attention_layernorm", afterAttention);
        Tensor inner = DecoderParts.Activate(Config.Activation, Linear(prefix + "mlp.gate_proj", normed)) * Linear(prefix + "mlp.up_proj", normed);
        return (afterAttention + Linear(prefix + "mlp.down_proj", inner)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor FinalNorm(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return Norm("model.norm", hidden).MoveToOuterDisposeScope();
    }

    private static string Prefix(int layer) => $"model.layers.{layer}.";

    private Tensor Attention(int layer, string prefix, Tensor x, AttentionPattern attention)
    {
        long batch = x.shape[0];
        long length = x.shape[1];
        (Tensor cosines, Tensor sines) = Rotary.Table(Config, attention, x.dtype);
        Tensor queries = Rotary.Turn(Linear(prefix + "self_attn.q_proj", x).view(batch, length, Config.Heads, Config.HeadWidth), cosines, sines);
        Tensor keys = Rotary.Turn(Linear(prefix + "self_attn.k_proj", x).view(batch, length, Config.KeyValueHeads, Config.HeadWidth), cosines, sines);
        Tensor values = Linear(prefix + "self_attn.v_proj", x).view(batch, length, Config.KeyValueHeads, Config.HeadWidth);
        int? window = layer >= Config.FirstWindowLayer ? Config.SlidingWindow : null;
        return Linear(prefix + "self_attn.o_proj", DecoderParts.Attend(queries, keys, values, attention.Mask(window, x.dtype), Config.SoftmaxScale));
    }

    private Tensor Norm(string prefix, Tensor x) => DecoderParts.RootMeanSquareNorm(x, Weights[prefix + ".weight"], Config.NormEpsilon);
}
