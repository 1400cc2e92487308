namespace PtaKernels.Training;

/// <summary>What a weight is, and so how it starts.</summary>
internal enum WeightKind
{
    /// <summary>Normal with a standard deviation of 0.02.</summary>
    Matrix,

    /// <summary>Ones: the factor of a norm.</summary>
    Gain,

    /// <summary>Zeros.</summary>
    Bias,
}

/// <summary>A weight that a model has.</summary>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Kind">What it is.</param>
internal sealed record WeightShape(string Name, long[] Shape, WeightKind Kind)
{
    /// <summary>A matrix and, where asked for, its bias.</summary>
    public static IEnumerable<WeightShape> Map(string prefix, long output, long input, bool bias)
    {
        yield return new WeightShape(prefix + ".weight", [output, input], WeightKind.Matrix);
        if (bias)
            yield return new WeightShape(prefix + ".bias", [output], WeightKind.Bias);
    }

    /// <summary>A norm's factor and, where asked for, its bias.</summary>
    public static IEnumerable<WeightShape> Norm(string prefix, long width, bool bias)
    {
        yield return new WeightShape(prefix + ".weight", [width], WeightKind.Gain);
        if (bias)
            yield return new WeightShape(prefix + ".bias", [width], WeightKind.Bias);
    }
}
