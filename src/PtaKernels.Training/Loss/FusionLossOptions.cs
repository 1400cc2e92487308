namespace PtaKernels.Training;

/// <summary>How far the student is from a row's distribution.</summary>
public enum FusionDivergence
{
    /// <summary>Cross-entropy, - sum d log q.</summary>
    CrossEntropy,

    /// <summary>Kullback-Leibler, sum d log (d / q): the same gradient.</summary>
    KullbackLeibler,
}

/// <summary>Sums of a batch's losses in nats, before any averaging.</summary>
/// <param name="NextToken">Over labelled rows, - log q(label).</param>
/// <param name="Fusion">Over taught rows, the divergence with its tail term (SPEC A3.3).</param>
public readonly record struct LossSums(double NextToken, double Fusion);
