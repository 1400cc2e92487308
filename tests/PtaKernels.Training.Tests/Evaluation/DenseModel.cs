using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>A small model with attention whose predictions differ clearly, and its log-probabilities in plain C#.</summary>
internal sealed class DenseModel : IDisposable
{
    public DenseModel(int vocabulary, ulong seed = 5)
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        Model = ModelFiles.Random(new ModelConfig
        {
            Family = ModelFamily.Llama, Vocabulary = vocabulary, Width = 16, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadWidth = 8, RotaryWidth = 8, FeedForward = 24, MaxLength = 128, NormEpsilon = 1e-5,
        }, seed, ScalarType.Float32);
        foreach (string name in Model.Weights.Names.Where(n => Model.Weights[n].shape.Length == 2).ToArray())
            Model.Weights.Replace(name, (Model.Weights[name] * 20).DetachFromDisposeScope());
    }

    public CausalModel Model { get; }

    /// <summary>ln p of token t + 1 and whether no logit is larger and no earlier one equal, for every t.</summary>
    public (double LogProbability, bool IsGreedy)[] Predictions(int[] tokens)
    {
        using var scope = NewDisposeScope();
        using AttentionPattern attention = AttentionPattern.Causal(1, tokens.Length, CPU);
        float[] hidden = Model.Hidden(tensor(tokens.Select(static t => (long)t).ToArray(), [1, tokens.Length]), attention).data<float>().ToArray();
        float[] head = Model.Weights[Model.HeadName].data<float>().ToArray();
        int width = Model.Config.Width, vocabulary = Model.Config.Vocabulary;
        var result = new (double, bool)[tokens.Length - 1];
        for (int t = 0; t + 1 < tokens.Length; t++)
        {
            double[] logits = new double[vocabulary];
            for (int v = 0; v < vocabulary; v++)
            {
                for (int d = 0; d < width; d++)
                    logits[v] += (double)hidden[(t * width) + d] * head[(v * width) + d];
            }

            double largest = logits.Max();
            int label = tokens[t + 1];
            result[t] = (logits[label] - largest - Math.Log(logits.Sum(l => Math.Exp(l - largest))), Array.IndexOf(logits, largest) == label);
        }

        return result;
    }

    /// <summary>The same, summed from a token on.</summary>
    public ContinuationScore Score(int[] tokens, int from)
    {
        var predictions = Predictions(tokens).Skip(from - 1).ToArray();
        return new ContinuationScore(predictions.Sum(static p => p.LogProbability), predictions.All(static p => p.IsGreedy));
    }

    public void Dispose() => Model.Dispose();
}
