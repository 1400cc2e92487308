namespace PtaKernels.Training;

/// <summary>How rotary angles are stretched for sequences longer than those of the first training.</summary>
public enum RopeScalingKind
{
    /// <summary>All angles divided by the factor.</summary>
    Linear,

    /// <summary>A larger base for sequences longer than the model was made for; no change for shorter ones.</summary>
    Dynamic,

    /// <summary>Slow angles divided by the factor, fast ones kept, those between mixed by wavelength (Llama 3.1).</summary>
    Llama3,

    /// <summary>Slow angles divided by the factor, fast ones kept, those between mixed by index, and attention sharpened (YaRN).</summary>
    Yarn,
}

/// <summary>The scaling of rotary angles.</summary>
public sealed record RopeScaling
{
    /// <summary>Which.</summary>
    public required RopeScalingKind Kind { get; init; }

    /// <summary>How much longer; at least 1.</summary>
    public required double Factor { get; init; }

    /// <summary>Length of the first training, in positions.</summary>
    public required int OriginalLength { get; init; }

    /// <summary>Llama3: wavelengths above the original length over this are divided by the factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Llama3: wavelengths below the original length over this are kept.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>YaRN: angles that turn at least so often over the original length are kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>YaRN: angles that turn at most so often are divided by the factor.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>YaRN: what sines and cosines are multiplied by; null for 0.1 ln(factor) + 1.</summary>
    public double? AttentionFactor { get; init; }
}
