using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Trainer;

/// <summary>Forward and backward of a batch, against autograd over the dense formula.</summary>
public sealed class MicroBatchTests
{
    private const int Vocabulary = 23, Width = 8, Layers = 3;

    private static readonly TrainingOptions Options = new() { Model = "", Data = "", Output = "", Compute = ScalarType.Float32, Checkpointing = false };

    [Test]
    public void GradientsAreThoseOfTheDenseFormula([Values] bool tied, [Values] bool checkpointing)
    {
        PackedSequence[] sequences = Some(3, 20, 13, 17);
        using ToyModel model = ToyModel.Create(Vocabulary, Width, Layers, ScalarType.Float32, tied), plain = ToyModel.Create(Vocabulary, Width, Layers, ScalarType.Float32, tied);
        using TrainableWeights weights = TrainableWeights.Of(model, ScalarType.Float32, CPU);
        using TrainingBatch batch = TrainingBatch.Of(sequences, CPU);
        LossSums sums = new MicroBatch(model, weights, Options with { Checkpointing = checkpointing }).Run(batch, 0.01, 0.02);

        using var scope = NewDisposeScope();
        foreach (string name in plain.Weights.Names)
            plain.Weights[name].requires_grad = true;
        (Tensor nextToken, Tensor fusion) = Dense(plain, sequences);
        ((0.01 * nextToken) + (0.02 * fusion)).backward();
        Assert.That(sums.NextToken, Is.EqualTo(nextToken.item<float>()).Within(1e-4 * sums.NextToken));
        Assert.That(sums.Fusion, Is.EqualTo(fusion.item<float>()).Within(1e-4 * sums.Fusion));
        foreach (string name in plain.Weights.Names)
        {
            Tensor expected = plain.Weights[name].grad!, actual = weights.SumOf(name)!;
            Assert.That((expected - actual).abs().max().item<float>(), Is.LessThan(1e-5 * expected.abs().max().item<float>() + 1e-8), name);
        }
    }

    [Test]
    public void RecomputingGivesTheSameBits([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        PackedSequence[] sequences = Some(4, 16, 16);
        float[][] gradients = [.. new[] { false, true }.Select(checkpointing =>
        {
            using ToyModel model = ToyModel.Create(Vocabulary, Width, Layers, type);
            using TrainableWeights weights = TrainableWeights.Of(model, type, CPU);
            using TrainingBatch batch = TrainingBatch.Of(sequences, CPU);
            _ = new MicroBatch(model, weights, Options with { Checkpointing = checkpointing }).Run(batch, 0.01, 0.02);
            return weights.Sum.data<float>().ToArray();
        })];
        Assert.That(gradients[0], Is.EqualTo(gradients[1]).And.Not.All.Zero);
    }

    [Test]
    public void PaddingTeachesNothing()
    {
        PackedSequence[] sequences = Some(5, 9, 20);
        float[] Gradients(params PackedSequence[][] batches)
        {
            using ToyModel model = ToyModel.Create(Vocabulary, Width, Layers, ScalarType.Float32);
            using TrainableWeights weights = TrainableWeights.Of(model, ScalarType.Float32, CPU);
            foreach (PackedSequence[] one in batches)
            {
                using TrainingBatch batch = TrainingBatch.Of(one, CPU);
                _ = new MicroBatch(model, weights, Options).Run(batch, 0.01, 0.02);
            }

            return weights.Sum.data<float>().ToArray();
        }

        float[] together = Gradients(sequences), apart = Gradients([sequences[0]], [sequences[1]]);
        Assert.That(together.Zip(apart, static (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-6));
    }

    [Test]
    public void AdaptersChangeNothingAtFirstAndAloneAreTrained()
    {
        PackedSequence[] sequences = Some(6, 16);
        using ToyModel model = ToyModel.Create(Vocabulary, Width, Layers, ScalarType.Float32);
        using var scope = NewDisposeScope();
        using TrainingBatch batch = TrainingBatch.Of(sequences, CPU);
        float[] before = model.Logits(batch.Ids, batch.Attention).data<float>().ToArray();
        using TrainableWeights weights = TrainableWeights.OfAdapters(model, rank: 2, alpha: 4, seed: 1, ScalarType.Float32, CPU);
        Assert.That(weights.Count, Is.EqualTo(Layers * 2 * 2 * Width));
        Assert.That(model.Logits(batch.Ids, batch.Attention).data<float>().ToArray(), Is.EqualTo(before));
        using var optimiser = new AdamW(weights, Options);
        var micro = new MicroBatch(model, weights, Options with { Checkpointing = true });
        double first = micro.Run(batch, 0.01, 0.02).NextToken;
        for (int step = 0; step < 30; step++)
        {
            optimiser.Step(step, 0.05);
            weights.Clear();
            _ = micro.Run(batch, 0.01, 0.02);
        }

        Assert.That(micro.Run(batch, 0.01, 0.02).NextToken, Is.LessThan(0.9 * first));
    }

    private static PackedSequence[] Some(int seed, params int[] lengths)
    {
        var random = new Random(seed);
        return [.. lengths.Select((length, i) => Sequences.Random(random, Vocabulary, length, i))];
    }

    private static (Tensor NextToken, Tensor Fusion) Dense(ToyModel model, PackedSequence[] sequences)
    {
        Tensor nextToken = zeros(1), fusion = zeros(1);
        foreach (PackedSequence sequence in sequences)
        {
            using AttentionPattern attention = AttentionPattern.Causal(1, sequence.Ids.Length, CPU);
            Tensor ids = tensor(sequence.Ids.Select(static i => (long)i).ToArray(), [1, sequence.Ids.Length]);
            Tensor logs = model.Logits(ids, attention)[0].log_softmax(-1);
            for (int t = 0; t < sequence.Ids.Length; t++)
            {
                if (sequence.Rows.Labels[t] != FusionRows.NoLabel)
                    nextToken = nextToken - logs[t, sequence.Rows.Labels[t]];
                Tensor inside = zeros(1);
                for (int e = sequence.Rows.Offsets[t]; e < sequence.Rows.Offsets[t + 1]; e++)
                {
                    fusion = fusion - (sequence.Rows.Masses[e] * logs[t, sequence.Rows.Ids[e]]);
                    inside = inside + logs[t, sequence.Rows.Ids[e]].exp();
                }

                if (sequence.Rows.Missing[t] > 0)
                    fusion = fusion - (sequence.Rows.Missing[t] * (1 - inside).clamp(1e-6).log());
            }
        }

        return (nextToken, fusion);
    }
}
