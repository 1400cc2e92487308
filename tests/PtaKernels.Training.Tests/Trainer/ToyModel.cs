using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Trainer;

/// <summary>The smallest student: an embedding, layers that look at one position only, a vector as its last norm, an output matrix of its own.</summary>
internal sealed class ToyModel(ModelConfig config, ModelWeights weights) : CausalModel(config, weights)
{
    public override string EmbeddingName => "embed";

    public override string HeadName => Config.TiedEmbedding ? "embed" : "head";

    public override IEnumerable<string> LinearNames => Enumerable.Range(0, Config.Layers).Select(static l => $"layer{l}.weight");

    public static ToyModel Create(int vocabulary, int width, int layers, ScalarType type, bool tied = false, int seed = 1)
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        var weights = new ModelWeights();
        Add("embed", vocabulary, width);
        for (int layer = 0; layer < layers; layer++)
        {
            Add($"layer{layer}.weight", width, width);
            Add($"layer{layer}.bias", width);
        }

        Add("norm", width);
        if (!tied)
            Add("head", vocabulary, width);
        return new ToyModel(new ModelConfig
        {
            Family = ModelFamily.Llama, Vocabulary = vocabulary, Width = width, Layers = layers, Heads = 1, KeyValueHeads = 1, HeadWidth = width, FeedForward = width, MaxLength = 64,
            NormEpsilon = 0, TiedEmbedding = tied,
        }, weights);

        void Add(string name, params long[] shape) => weights.Add(name, (rand(shape, ScalarType.Float32, CPU, false, generator) - 0.5).to(type));
    }

    public override Tensor Layer(int layer, Tensor hidden, AttentionPattern attention) => hidden + Linear($"layer{layer}", hidden).tanh();

    public override Tensor FinalNorm(Tensor hidden) => hidden * Weights["norm"];
}
