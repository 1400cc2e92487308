using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>A decoder-only language model as a function of its named weights: embedding, layers, last norm; the output matrix is applied by the loss.</summary>
/// <remarks>
/// A model holds no state but its weights, under the names of its Hugging Face checkpoint, so that saving gives back what was loaded. Layers are called one by one,
/// which lets a trainer forget their insides and compute them again. The result's type is the weights' (float32 or bfloat16).
/// </remarks>
/// <param name="config">Shapes and constants.</param>
/// <param name="weights">The weights.</param>
public abstract class CausalModel(ModelConfig config, ModelWeights weights) : IDisposable
{
    private readonly Dictionary<string, LowRankAdapter> _adapters = [];

    /// <summary>Shapes and constants.</summary>
    public ModelConfig Config { get; } = config;

    /// <summary>The weights, by their names in the checkpoint.</summary>
    public ModelWeights Weights { get; } = weights;

    /// <summary>Low-rank additions to linear maps, by the name of the map's weight; empty unless trained with them.</summary>
    public IDictionary<string, LowRankAdapter> Adapters => _adapters;

    /// <summary>Name of the embedding matrix, [vocabulary, width].</summary>
    public abstract string EmbeddingName { get; }

    /// <summary>Name of the output matrix, [vocabulary, width]; the embedding's where they are tied.</summary>
    public abstract string HeadName { get; }

    /// <summary>Names of the linear maps inside the layers: what adapters may be added to.</summary>
    public abstract IEnumerable<string> LinearNames { get; }

    /// <summary>What comes before the first layer.</summary>
    /// <param name="ids">[batch, length] int64 token ids.</param>
    /// <returns>[batch, length, width].</returns>
    public virtual Tensor Embed(Tensor ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = NewDisposeScope();
        return Weights[EmbeddingName].index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], Config.Width).MoveToOuterDisposeScope();
    }

    /// <summary>One layer.</summary>
    /// <param name="layer">0 up to <see cref="ModelConfig.Layers"/>.</param>
    /// <param name="hidden">[batch, length, width].</param>
    /// <param name="attention">Who looks at whom.</param>
    public abstract Tensor Layer(int layer, Tensor hidden, AttentionPattern attention);

    /// <summary>The norm after the last layer.</summary>
    public abstract Tensor FinalNorm(Tensor hidden);

    /// <summary>All layers and the last norm: what the output matrix is applied to.</summary>
    /// <returns>[batch, length, width].</returns>
    public Tensor Hidden(Tensor ids, AttentionPattern attention)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = Embed(ids);
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            // What gradients need of it, autograd keeps.
            using Tensor before = hidden;
            hidden = Layer(layer, before, attention);
        }

        return FinalNorm(hidden).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of every position, [batch, length, vocabulary]. Training does not use it: see the loss.</summary>
    public Tensor Logits(Tensor ids, AttentionPattern attention)
    {
        using var scope = NewDisposeScope();
        return Hidden(ids, attention).matmul(Weights[HeadName].t()).MoveToOuterDisposeScope();
    }

    /// <summary>The weight of a name with what an adapter adds to it, in float32 where there is one; without gradients.</summary>
    public Tensor Merged(string name)
    {
        Tensor weight = Weights[name];
        if (!_adapters.TryGetValue(name, out LowRankAdapter? adapter))
            return weight;
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        Tensor addition = adapter.B.to(ScalarType.Float32).matmul(adapter.A.to(ScalarType.Float32)) * adapter.Scale;
        return (weight.to(ScalarType.Float32) + addition).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weights.Dispose();
        foreach (LowRankAdapter adapter in _adapters.Values)
            adapter.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>x W' + b, and what an adapter adds; the bias is used where the checkpoint has one.</summary>
    /// <param name="prefix">The map's name without <c>.weight</c> or <c>.bias</c>.</param>
    /// <param name="x">[.., in].</param>
    protected Tensor Linear(string prefix, Tensor x)
    {
        string name = prefix + ".weight";
        Tensor y = nn.functional.linear(x, Weights[name], Weights.Find(prefix + ".bias"));
        return _adapters.TryGetValue(name, out LowRankAdapter? adapter) ? y + adapter.Apply(x) : y;
    }
}

/// <summary>A low-rank addition to a linear map (LoRA): scale · x A' B'.</summary>
/// <param name="A">[rank, in].</param>
/// <param name="B">[out, rank].</param>
/// <param name="Scale">alpha / rank.</param>
public sealed record LowRankAdapter(Tensor A, Tensor B, double Scale) : IDisposable
{
    /// <summary>What is added for x, [.., in] to [.., out].</summary>
    public Tensor Apply(Tensor x) => x.matmul(A.t()).matmul(B.t()) * Scale;

    /// <inheritdoc/>
    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
