using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>AdamW over flat float32 buffers (Loshchilov and Hutter 2019), slice by slice, so that its scratch stays small.</summary>
/// <param name="weights">What is trained.</param>
/// <param name="options">Betas, decay and clipping.</param>
internal sealed class AdamW(TrainableWeights weights, TrainingOptions options) : IDisposable
{
    private const double Epsilon = 1e-8;
    private const long Slice = 1 << 22;

    /// <summary>[count] running mean of the gradients.</summary>
    public Tensor Mean { get; } = zeros_like(weights.Master).DetachFromDisposeScope();

    /// <summary>[count] running mean of their squares.</summary>
    public Tensor Square { get; } = zeros_like(weights.Master).DetachFromDisposeScope();

    /// <summary>One step; the sums of gradients are left as they are.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="rate">Learning rate.</param>
    /// <returns>The gradient's norm before clipping; if it is not finite, nothing was changed.</returns>
    public double Step(int step, double rate)
    {
        using var frozen = no_grad();
        double norm = Norm();
        if (!double.IsFinite(norm))
            return norm;
        double scale = options.Clip > 0 && norm > options.Clip ? options.Clip / norm : 1;
        double meanBias = 1 - Math.Pow(options.Beta1, step + 1), squareBias = Math.Sqrt(1 - Math.Pow(options.Beta2, step + 1));
        for (long start = 0; start < weights.Count; start += Slice)
        {
            using var scope = NewDisposeScope();
            Tensor gradient = Part(weights.Sum, start), mean = Part(Mean, start), square = Part(Square, start), master = Part(weights.Master, start);
            if (scale != 1)
                gradient = gradient * scale;
            mean.mul_(options.Beta1).add_(gradient, alpha: 1 - options.Beta1);
            square.mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
            long decayed = Math.Min(weights.Decayed - start, Slice);
            if (decayed > 0 && options.WeightDecay > 0)
                master.narrow(0, 0, decayed).mul_(1 - (rate * options.WeightDecay));
            master.addcdiv_(mean, square.sqrt().div_(squareBias).add_(Epsilon), -rate / meanBias);
        }

        weights.Publish();
        return norm;
    }

    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
    }

    private double Norm()
    {
        double squares = 0;
        for (long start = 0; start < weights.Count; start += Slice)
        {
            using var scope = NewDisposeScope();
            squares += Part(weights.Sum, start).square().sum(ScalarType.Float64).item<double>();
        }

        return Math.Sqrt(squares);
    }

    private Tensor Part(Tensor flat, long start) => flat.narrow(0, start, Math.Min(Slice, weights.Count - start));
}
