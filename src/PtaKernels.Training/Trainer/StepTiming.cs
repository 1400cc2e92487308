using System.Diagnostics;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>How long a model of random weights takes on this machine's processors: what a capture computes, and a training step.</summary>
internal static class StepTiming
{
    private const double LearningRate = 1e-6;

    /// <summary>Times forward passes with the candidates of every position.</summary>
    /// <param name="config">The model.</param>
    /// <param name="length">Positions of the one document.</param>
    /// <param name="k">Candidates per position.</param>
    /// <param name="rounds">How many values are wanted.</param>
    /// <returns>[rounds] seconds per token by the clock, on all cores, and processor seconds of all threads.</returns>
    /// <exception cref="TorchException">libtorch is missing or does not load.</exception>
    public static (double Clock, double Processor)[] Capture(ModelConfig config, int length, int k, int rounds)
    {
        TorchRuntime.Load();
        using var quiet = no_grad();
        using CausalModel model = ModelFiles.Random(config, 1, ScalarType.Float32);
        using Tensor ids = tensor(TokensOf(config, length).Select(static t => (long)t).ToArray(), [1, length]);
        return Rounds(length, rounds, () =>
        {
            using var scope = NewDisposeScope();
            using AttentionPattern attention = AttentionPattern.Causal(1, length, CPU);
            Tensor hidden = model.Hidden(ids, attention).view(-1, config.Width);
            Tensor logits = hidden.matmul(model.Weights[model.HeadName].t());
            _ = logits.topk(Math.Min(k + 1, config.Vocabulary), 1, largest: true, sorted: true);
            _ = logits.logsumexp(1);
        });
    }

    /// <summary>Times training steps of one sequence of a document: forward, loss with one taught token for each candidate, backward, and the optimiser.</summary>
    /// <param name="config">The model.</param>
    /// <param name="length">Positions of the sequence.</param>
    /// <param name="taught">Fused tokens per position.</param>
    /// <param name="checkpointing">Whether only the layers' inputs are kept.</param>
    /// <param name="compute">Type of weights and activations.</param>
    /// <param name="accumulation">Sequences per step of the optimiser.</param>
    /// <param name="rounds">How many values are wanted.</param>
    /// <returns>[rounds] seconds per token by the clock, on all cores, and processor seconds of all threads.</returns>
    /// <exception cref="TorchException">libtorch is missing or does not load.</exception>
    public static (double Clock, double Processor)[] Training(ModelConfig config, int length, int taught, bool checkpointing, ScalarType compute, int accumulation, int rounds)
    {
        TorchRuntime.Load();
        var options = new TrainingOptions { Model = "", Data = "", Output = "", Compute = compute, Checkpointing = checkpointing };
        using CausalModel model = ModelFiles.Random(config, 1, compute);
        using TrainableWeights weights = TrainableWeights.Of(model, compute, CPU);
        using var optimiser = new AdamW(weights, options);
        var micro = new MicroBatch(model, weights, options);
        int[] tokens = TokensOf(config, length);
        taught = Math.Min(taught, config.Vocabulary);
        var rows = new FusionRows
        {
            Labels = [.. tokens.Skip(1).Append(FusionRows.NoLabel)],
            Offsets = [.. Enumerable.Range(0, length + 1).Select(t => t * taught)],
            Ids = [.. Enumerable.Range(0, length * taught).Select(i => i % config.Vocabulary)],
            Masses = [.. Enumerable.Repeat(0.9f / taught, length * taught)],
            Missing = [.. Enumerable.Repeat(0.1f, length)],
        };
        using TrainingBatch batch = TrainingBatch.Of([new PackedSequence(tokens, new int[length], ["drawn"], rows, 0)], CPU);
        int step = 0;
        return Rounds(length * accumulation, rounds, () =>
        {
            weights.Clear();
            for (int b = 0; b < accumulation; b++)
                micro.Run(batch, 0.5 / length, 0.5 / length);
            optimiser.Step(step++, LearningRate);
        });
    }

    private static int[] TokensOf(ModelConfig config, int length)
    {
        var random = new System.Random(1);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(config.Vocabulary))];
    }

    private static (double Clock, double Processor)[] Rounds(double tokens, int rounds, Action work)
    {
        var seconds = new (double, double)[rounds];
        work(); // the first one starts threads and takes memory
        for (int r = 0; r < rounds; r++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.StartNew();
            work();
            seconds[r] = (clock.Elapsed.TotalSeconds / tokens, (Environment.CpuUsage.TotalTime - before).TotalSeconds / tokens);
        }

        return seconds;
    }
}
