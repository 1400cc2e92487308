using CommunityToolkit.HighPerformance;

namespace PtaKernels.Transport;

/// <summary>
/// Entropic transport with an exact source and a soft target: argmin ⟨P, C⟩ − ε·H(P) + ρ·KL(Pᵀ·1 | b) with P·1 = a,
/// KL(x | b) = Σ x·log(x/b) − x + b.
/// </summary>
public static class UnbalancedTransport
{
    private const int ManySweeps = 60, FewSweeps = 10;

    /// <summary>Solves one problem by log-domain scaling, then Newton where scaling contracts too slowly.</summary>
    /// <remarks>
    /// At the optimum the column sums are b·exp(−g/ρ); the certificate is ‖G·1 − a‖₁ + ‖Gᵀ·1 − b·exp(−g/ρ)‖₁ ≤ 9e-10.
    /// Source: Chizat, Peyré, Schmitzer and Vialard, Scaling algorithms for unbalanced optimal transport, 2018.
    /// </remarks>
    /// <param name="cost">[n, m], finite and non-negative; n, m in 1..64, not necessarily equal.</param>
    /// <param name="a">[n], masses of the rows (source), finite and non-negative.</param>
    /// <param name="b">[m], reference masses of the columns, finite and non-negative, of any sum. A zero keeps its column empty.</param>
    /// <param name="epsilon">ε &gt; 0, in units of the cost.</param>
    /// <param name="rho">ρ &gt; 0, in units of the cost.</param>
    /// <param name="plan">[n, m], receives P_ij = exp((f_i + g_j − C_ij)/ε), 0 in rows and columns without mass.</param>
    /// <param name="f">[n], receives the row potentials in units of the cost, −∞ in rows without mass.</param>
    /// <param name="g">[m], receives the column potentials, −∞ in columns without mass.</param>
    /// <returns>
    /// Converged, with sweeps plus Newton steps and the certificate's marginal error; IterationLimit when that error is larger than the
    /// certificate allows, with the last iterate; NotFinite, and NaN in every output, if a value is NaN, infinite or negative, if the
    /// source has mass and no column may take any, or if C/ε overflows.
    /// </returns>
    /// <exception cref="ArgumentException">The shapes do not agree or are out of range, or ε or ρ is not finite and positive.</exception>
    public static TransportOutcome Solve(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, double rho,
        Span2D<double> plan, Span<double> f, Span<double> g)
    {
        TransportInput.CheckShapes(cost, a, b, f, g);
        TransportInput.CheckShapes(plan, a, b, f, g);
        TransportInput.CheckPositive(epsilon, nameof(epsilon));
        TransportInput.CheckPositive(rho, nameof(rho));
        if (!TransportInput.IsUsable(cost) || !TransportInput.IsUsable(a) || !TransportInput.IsUsable(b))
            return TransportInput.NotFinite(plan, f, g);
        if (TransportInput.IsEmpty(a))
        {
            plan.Clear();
            f.Fill(double.NegativeInfinity);
            g.Fill(double.NegativeInfinity);
            return new TransportOutcome(TransportStatus.Converged, 0, 0);
        }

        if (TransportInput.IsEmpty(b))
            return TransportInput.NotFinite(plan, f, g);

        // Scaling contracts by ρ/(ρ+ε). Where that is above one half Newton is sooner there, after a few sweeps to start it.
        int sweeps = rho < epsilon ? ManySweeps : FewSweeps;
        g.Clear();
        TransportOutcome outcome = EntropicSolver.Descend(cost, a, b, epsilon, rho, stages: 1, sweeps, plan, f, g);
        if (outcome.Status == TransportStatus.Converged)
            return outcome;
        g.Clear();
        outcome = EntropicSolver.Descend(cost, a, b, epsilon, rho, EntropicSolver.StagesFor(cost, epsilon), sweeps, plan, f, g);
        return double.IsFinite(outcome.MarginalError) ? outcome : TransportInput.NotFinite(plan, f, g);
    }
}
