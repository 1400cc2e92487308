using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Rotary positions: pairs of a head's dimensions, i and i + half, turned by position times frequency.</summary>
/// <remarks>Frequencies, angles, sines and cosines are float32, as in the published code, and rounded to the model's type last.</remarks>
internal static class Rotary
{
    /// <summary>Cosines and sines of a batch, [batch or 1, length, 1, rotary / 2].</summary>
    public static (Tensor Cosines, Tensor Sines) Table(ModelConfig config, AttentionPattern attention, ScalarType type) =>
        (attention.Derived((nameof(Table), true, config, type), () => (Angles(config, attention).cos() * Sharpening(config.RopeScaling)).to(type)),
            attention.Derived((nameof(Table), false, config, type), () => (Angles(config, attention).sin() * Sharpening(config.RopeScaling)).to(type)));

    /// <summary>Turns the first dimensions of every head.</summary>
    /// <param name="x">[batch, length, heads, width].</param>
    /// <param name="cosines">[batch or 1, length, 1, rotary / 2].</param>
    /// <param name="sines">The same.</param>
    public static Tensor Turn(Tensor x, Tensor cosines, Tensor sines)
    {
        long half = cosines.shape[^1];
        long width = x.shape[^1];
        Tensor first = x.narrow(-1, 0, half);
        Tensor second = x.narrow(-1, half, half);
        Tensor newFirst = (first * cosines).addcmul(second, sines, -1);
        Tensor newSecond = (second * cosines).addcmul(first, sines, 1);
        return width == 2 * half
            ? cat([newFirst, newSecond], -1)
            : cat([newFirst, newSecond, x.narrow(-1, 2 * half, width - (2 * half))], -1);
    }

    /// <summary>Angle of each pair at a distance of one position, float32 [rotary / 2].</summary>
    /// <param name="config">The model.</param>
    /// <param name="length">Longest position + 1, which dynamic scaling depends on.</param>
    public static float[] Frequencies(ModelConfig config, long length)
    {
        int width = config.RotaryWidth;
        double theta = config.RopeTheta;
        RopeScaling? scaling = config.RopeScaling;
        if (scaling?.Kind == RopeScalingKind.Dynamic && length > scaling.OriginalLength)
            theta *= Math.Pow((scaling.Factor * length / scaling.OriginalLength) - (scaling.Factor - 1), width / (width - 2.0));
        float[] frequencies = new float[width / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            float frequency = 1f / (float)Math.Pow((float)theta, (float)(2 * i) / width);
            frequencies[i] = scaling?.Kind switch
            {
                RopeScalingKind.Linear => frequency / (float)scaling.Factor,
                RopeScalingKind.Llama3 => ByWavelength(frequency, scaling),
                RopeScalingKind.Yarn => ByIndex(frequency, i, config, scaling),
                _ => frequency,
            };
        }

        return frequencies;
    }

    /// <summary>Llama 3.1: long waves are stretched by the factor, short ones are not, between them the share grows with the frequency.</summary>
    private static float ByWavelength(float frequency, RopeScaling scaling)
    {
        double turns = scaling.OriginalLength * (double)frequency / (2 * Math.PI); // over the original length
        if (turns > scaling.HighFrequencyFactor)
            return frequency;
        if (turns < scaling.LowFrequencyFactor)
            return (float)(frequency / scaling.Factor);
        double kept = (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return (float)(((1 - kept) * frequency / scaling.Factor) + (kept * frequency));
    }

    /// <summary>YaRN: the same with a ramp over the index, between the pairs that turn <c>BetaFast</c> and <c>BetaSlow</c> times.</summary>
    private static float ByIndex(float frequency, int index, ModelConfig config, RopeScaling scaling)
    {
        double PairThatTurns(double times) =>
            config.RotaryWidth * Math.Log(scaling.OriginalLength / (times * 2 * Math.PI)) / (2 * Math.Log(config.RopeTheta));
        double low = Math.Max(Math.Floor(PairThatTurns(scaling.BetaFast)), 0);
        double high = Math.Min(Math.Ceiling(PairThatTurns(scaling.BetaSlow)), config.RotaryWidth - 1);
        if (low == high)
            high += 0.001;
        double stretched = Math.Clamp((index - low) / (high - low), 0, 1);
        return (float)((frequency / scaling.Factor * stretched) + (frequency * (1 - stretched)));
    }

    private static double Sharpening(RopeScaling? scaling) =>
        scaling is { Kind: RopeScalingKind.Yarn } ? scaling.AttentionFactor ?? ((0.1 * Math.Log(scaling.Factor)) + 1) : 1;

    private static Tensor Angles(ModelConfig config, AttentionPattern attention)
    {
        // Sequences that are one document each have the same positions.
        Tensor positions = attention.PlainCausal ? attention.Positions.narrow(0, 0, 1) : attention.Positions;
        long length = config.RopeScaling?.Kind == RopeScalingKind.Dynamic ? positions.max().item<long>() + 1 : positions.shape[1];
        Tensor frequencies = tensor(Frequencies(config, length)).to(positions.device);
        return positions.to(ScalarType.Float32).unsqueeze(-1).mul(frequencies).unsqueeze(2);
    }
}
