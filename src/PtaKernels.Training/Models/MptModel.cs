using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>MPT: positions are distances, subtracted from the scores in proportion (ALiBi); no biases.</summary>
/// <remarks>h += attention(norm(h)); h += down(gelu(up(norm(h)))).</remarks>
internal sealed class MptModel(ModelConfig config, ModelWeights weights) : CausalModel(config, weights)
{
    private const string Embedding = "transformer.wte.weight";
    private const string Head = "lm_head.weight";

    private static readonly string[] Maps = ["attn.Wqkv", "attn.out_proj", "ffn.up_proj", "ffn.down_proj"];

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
            .. WeightShape.Norm(p + "norm_1", width, false),
            .. WeightShape.Map(p + Maps[0], 3 * width, width, false),
            .. WeightShape.Map(p + Maps[1], width, width, false),
            .. WeightShape.Norm(p + "norm_2", width, false),
            .. WeightShape.Map(p + Maps[2], config.FeedForward, width, false),
            .. WeightShape.Map(p + Maps[3], width, config.FeedForward, false),
        ]);
        WeightShape[] head = config.TiedEmbedding ? [] : [new(Head, [config.Vocabulary, width], WeightKind.Matrix)];
        return [new(Embedding, [config.Vocabulary, width], WeightKind.Matrix), .. layers, .. WeightShape.Norm("transformer.norm_f", width, false), .. head];
    }

    /// <summary>What a distance of one position costs each head.</summary>
    /// <remarks>2^(-max·i/n) for i = 1..n, n the next power of two; with fewer heads than n, every second of them first.</remarks>
    public static double[] Slopes(int heads, double biasMax)
    {
        int power = 1;
        while (power < heads)
            power *= 2;
        double[] slopes = [.. Enumerable.Range(1, power).Select(i => Math.Pow(2, -biasMax * i / power))];
        return power == heads ? slopes : [.. slopes.Where(static (_, i) => i % 2 == 1).Concat(slopes.Where(static (_, i) => i % 2 == 0)).Take(heads)];
    }

    /// <inheritdoc/>
    public override Tensor Layer(int layer, Tensor hidden, AttentionPattern attention)
    {
        using var scope = NewDisposeScope();
        string prefix = Prefix(layer);
        long batch = hidden.shape[0];
        long length = hidden.shape[1];
        Tensor fused = Linear(prefix + "attn.Wqkv", Norm(prefix + "norm_1", hidden));
        if (Config.ClipQkv is { } clip)
            fused = fused.clamp(-clip, clip);
        Tensor[] parts = fused.view(batch, length, 3, Config.Heads, Config.HeadWidth).unbind(2);
        Tensor attended = DecoderParts.Attend(parts[0], parts[1], parts[2], Bias(attention, hidden.dtype), Config.SoftmaxScale);
        Tensor afterAttention = hidden + Linear(prefix + "attn.out_proj", attended);
        Tensor inner = DecoderParts.Activate(Config.Activation, Linear(prefix + "ffn.up_proj", Norm(prefix + "norm_2", afterAttention)));
        return (afterAttention + Linear(prefix + "ffn.down_proj", inner)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor FinalNorm(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return Norm("transformer.norm_f", hidden).MoveToOuterDisposeScope();
    }

    private static string Prefix(int layer) => $"transformer.blocks.{layer}.";

    /// <summary>Minus slope times distance where row looks at column, else minus infinity; [batch or 1, heads, length, length].</summary>
    private Tensor Bias(AttentionPattern attention, ScalarType type) =>
        attention.Derived((nameof(MptModel), Config.Heads, Config.AlibiBiasMax, type), () =>
        {
            Tensor places = arange(attention.Positions.shape[1], dtype: ScalarType.Float32, device: attention.Positions.device);
            Tensor distances = places.unsqueeze(0) - places.unsqueeze(1);
            Tensor slopes = tensor(Slopes(Config.Heads, Config.AlibiBiasMax), dtype: ScalarType.Float32).to(attention.Positions.device);
            return (slopes.view(1, -1, 1, 1) * distances).masked_fill(attention.Allowed.logical_not(), double.NegativeInfinity).to(type);
        });

    private Tensor Norm(string prefix, Tensor x) => DecoderParts.LayerNorm(x, Weights[prefix + ".weight"], null, Config.NormEpsilon);
}
