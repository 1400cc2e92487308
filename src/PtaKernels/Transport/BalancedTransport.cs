using CommunityToolkit.HighPerformance;

namespace PtaKernels.Transport;

/// <summary>Certified entropic transport: argmin ⟨P, C⟩ − ε·H(P) with P·1 = a, Pᵀ·1 = b, H(P) = −Σ P·(log P − 1).</summary>
public static class BalancedTransport
{
    private const double Balanced = double.PositiveInfinity;

    /// <summary>Solves one problem to the certificate of <see cref="TransportCertificate"/>, or hands over to the exact optimum.</summary>
    /// <remarks>
    /// The exact duals are the limit of the entropic potentials as ε → 0: damped Newton on the semi-dual starts from them. What it cannot
    /// certify is tried again from large ε downwards. Both fail only where float64 cannot hold the answer: an error of one ulp in f + g − C
    /// moves an entry by ulp/ε, so costs of 254 ask for ε above about 1e-4.
    /// Source: Cuturi 2013 (the problem); Cuturi and Peyré 2018 (the semi-dual); Schmitzer 2019 (ε scaling).
    /// </remarks>
    /// <param name="cost">[n, m], finite and non-negative; n, m in 1..64, not necessarily equal.</param>
    /// <param name="a">[n], masses of the rows (source), finite and non-negative.</param>
    /// <param name="b">[m], masses of the columns (target), finite and non-negative, with the sum of a to 1e-15.</param>
    /// <param name="epsilon">ε &gt; 0, in units of the cost.</param>
    /// <param name="plan">[n, m], receives P_ij = exp((f_i + g_j − C_ij)/ε), 0 in rows and columns without mass.</param>
    /// <param name="f">[n], receives the row potentials in units of the cost, −∞ in rows without mass.</param>
    /// <param name="g">[m], receives the column potentials, −∞ in columns without mass. (f + t, g − t) is the same answer.</param>
    /// <returns>
    /// Converged, with sweeps plus Newton steps and the certificate's marginal error; ExactFallback, with plan, duals, augmentations and
    /// error of <see cref="ExactTransport"/>, also if the sums of a and b differ by more than the certificate allows; NotFinite, and NaN in
    /// every output, if a value is NaN, infinite or negative.
    /// </returns>
    /// <exception cref="ArgumentException">The shapes do not agree or are out of range, or ε is not finite and positive.</exception>
    public static TransportOutcome Solve(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon,
        Span2D<double> plan, Span<double> f, Span<double> g)
    {
        TransportInput.CheckShapes(cost, a, b, f, g);
        TransportInput.CheckShapes(plan, a, b, f, g);
        TransportInput.CheckPositive(epsilon, nameof(epsilon));

        TransportOutcome exact = ExactTransport.Solve(cost, a, b, plan, f, g);
        if (exact.Status == TransportStatus.NotFinite)
            return exact;

        if (TransportInput.IsEmpty(a) || TransportInput.IsEmpty(b))
        {
            if (exact.MarginalError > TransportCertificate.MarginalTolerance)
                return exact with { Status = TransportStatus.ExactFallback };
            f.Fill(double.NegativeInfinity);
            g.Fill(double.NegativeInfinity);
            return exact;
        }

        TransportOutcome outcome = EntropicSolver.Descend(cost, a, b, epsilon, Balanced, stages: 1, maxSweeps: 2, plan, f, g);
        if (outcome.Status != TransportStatus.Converged)
        {
            g.Clear();
            int stages = EntropicSolver.StagesFor(cost, epsilon);
            outcome = EntropicSolver.Descend(cost, a, b, epsilon, Balanced, stages, maxSweeps: 20, plan, f, g);
        }

        if (outcome.Status == TransportStatus.Converged)
            return outcome;
        exact = ExactTransport.Solve(cost, a, b, plan, f, g);
        return exact with { Status = TransportStatus.ExactFallback };
    }
}
