namespace PtaKernels.Training;

/// <summary>The one place that knows which class computes which family.</summary>
internal static class ModelFamilies
{
    /// <summary>Every weight of such a model, in the order of its computation: the embedding first.</summary>
    public static IEnumerable<WeightShape> Shapes(ModelConfig config) => config.Family switch
    {
        ModelFamily.Mpt => MptModel.Shapes(config),
        ModelFamily.GptNeoX => GptNeoXModel.Shapes(config),
        _ => LlamaModel.Shapes(config),
    };

    /// <summary>Name of the embedding matrix.</summary>
    public static string EmbeddingName(ModelConfig config) => Shapes(config).First().Name;

    /// <summary>A model over weights, which it owns from now on.</summary>
    public static CausalModel Create(ModelConfig config, ModelWeights weights) => config.Family switch
    {
        ModelFamily.Mpt => new MptModel(config, weights),
        ModelFamily.GptNeoX => new GptNeoXModel(config, weights),
        _ => new LlamaModel(config, weights),
    };

    /// <summary>Tensors that older versions of the libraries saved with a model and that are computed here.</summary>
    public static bool IsComputed(string name) =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || name.EndsWith(".attention.masked_bias", StringComparison.Ordinal);
}
