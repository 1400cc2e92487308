namespace PtaKernels;

/// <summary>How one transport problem ended. Not converging is data, never an exception.</summary>
public enum TransportStatus : byte
{
    /// <summary>The solver's own stop was met: the certificate of SPEC A3.4, or the official loop's test on row sums.</summary>
    Converged = 0,

    /// <summary>No certificate could be reached; the plan is the unregularised optimum with dual potentials.</summary>
    ExactFallback = 1,

    /// <summary>The iteration limit was met first; the plan is the last iterate and carries no certificate.</summary>
    IterationLimit = 2,

    /// <summary>The plan holds NaN or infinity: a marginal was not finite, or every kernel entry underflowed.</summary>
    NotFinite = 3,
}

/// <summary>What a transport reports of one problem.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Iterations">Loop bodies executed by the solver that produced the plan (Newton steps, Sinkhorn sweeps or augmentations).</param>
/// <param name="MarginalError">‖G·1 − a‖₁ + ‖Gᵀ·1 − b‖₁ of the certificate's G; of the plan itself where no potentials exist; NaN when not finite.</param>
public readonly record struct TransportOutcome(TransportStatus Status, int Iterations, double MarginalError);
