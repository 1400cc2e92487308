using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Trainer;

/// <summary>The optimiser against its formula in plain float64.</summary>
public sealed class AdamWTests
{
    private static readonly TrainingOptions Options = new() { Model = "", Data = "", Output = "", LearningRate = 0.1, WeightDecay = 0.1, Clip = 1 };

    [Test]
    public void StepsFollowTheFormula()
    {
        using ToyModel model = ToyModel.Create(vocabulary: 7, width: 5, layers: 1, ScalarType.Float32);
        using TrainableWeights weights = TrainableWeights.Of(model, ScalarType.Float32, CPU);
        using var optimiser = new AdamW(weights, Options);
        double[] master = [.. weights.Master.data<float>().ToArray()], mean = new double[master.Length], square = new double[master.Length];
        var random = new Random(3);
        for (int step = 0; step < 5; step++)
        {
            float[] gradient = [.. Enumerable.Range(0, master.Length).Select(_ => (float)((random.NextDouble() - 0.5) * (step + 0.01)))];
            using (no_grad())
            using (Tensor host = tensor(gradient))
                weights.Sum.copy_(host);
            double norm = Math.Sqrt(gradient.Sum(static g => (double)g * g)), scale = norm > 1 ? 1 / norm : 1, rate = 0.1 / (step + 1);
            Assert.That(optimiser.Step(step, rate), Is.EqualTo(norm).Within(1e-6 * norm));
            for (int i = 0; i < master.Length; i++)
            {
                double g = gradient[i] * scale;
                mean[i] = (0.9 * mean[i]) + (0.1 * g);
                square[i] = (0.95 * square[i]) + (0.05 * g * g);
                if (i < weights.Decayed)
                    master[i] *= 1 - (rate * 0.1);
                master[i] -= rate * (mean[i] / (1 - Math.Pow(0.9, step + 1))) / (Math.Sqrt(square[i] / (1 - Math.Pow(0.95, step + 1))) + 1e-8);
            }

            float[] now = weights.Master.data<float>().ToArray();
            Assert.That(now.Select((v, i) => Math.Abs(v - master[i])).Max(), Is.LessThan(2e-6));
        }
    }

    [Test]
    public void MatricesDecayAndVectorsDoNot()
    {
        using ToyModel model = ToyModel.Create(vocabulary: 7, width: 5, layers: 2, ScalarType.Float32);
        using TrainableWeights weights = TrainableWeights.Of(model, ScalarType.Float32, CPU);
        Assert.That(weights.Decayed, Is.EqualTo((2 * 7 * 5) + (2 * 5 * 5)));
        Assert.That(weights.Count, Is.EqualTo(weights.Decayed + (3 * 5)));
    }

    [Test]
    public void GradientThatIsNotFiniteChangesNothing()
    {
        using ToyModel model = ToyModel.Create(vocabulary: 7, width: 5, layers: 1, ScalarType.BFloat16);
        using TrainableWeights weights = TrainableWeights.Of(model, ScalarType.BFloat16, CPU);
        using var optimiser = new AdamW(weights, Options);
        float[] before = weights.Master.data<float>().ToArray();
        using (no_grad())
            weights.Sum.fill_(float.PositiveInfinity);
        Assert.That(double.IsFinite(optimiser.Step(0, 0.1)), Is.False);
        Assert.That(weights.Master.data<float>().ToArray(), Is.EqualTo(before));
        Assert.That(optimiser.Mean.abs().sum().item<float>(), Is.Zero);
    }

    [Test]
    public void ModelComputesWithWhatWasStepped([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        using ToyModel model = ToyModel.Create(vocabulary: 7, width: 5, layers: 1, type);
        using TrainableWeights weights = TrainableWeights.Of(model, type, CPU);
        using var optimiser = new AdamW(weights, Options);
        using (no_grad())
            weights.Sum.fill_(1);
        optimiser.Step(0, 0.5);
        using var scope = NewDisposeScope();
        Tensor together = cat([.. weights.Layout.Select(name => model.Weights[name[..name.IndexOf(' ', StringComparison.Ordinal)]].flatten())]);
        Assert.That(together.dtype, Is.EqualTo(type));
        Assert.That(together.to(ScalarType.Float32).data<float>().ToArray(), Is.EqualTo(weights.Master.to(type).to(ScalarType.Float32).data<float>().ToArray()));
    }
}
