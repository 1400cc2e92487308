using CommunityToolkit.HighPerformance;

namespace PtaKernels.Transport;

/// <summary>The certificate of an entropic plan (SPEC A3.4), recomputed from its potentials alone.</summary>
/// <remarks>
/// Potentials f [n], g [m] in units of the cost give G_ij = exp((f_i + g_j − C_ij) / ε). A plan P is certified when its
/// marginal error ≤ <see cref="MarginalTolerance"/> and its <see cref="PlanDeviation"/> ≤ <see cref="PlanTolerance"/>;
/// every entry of P is then within 5e-10 of the optimum's. Rows and columns without mass carry a potential of −∞, so that their G is 0.
/// Source: strict convexity of the entropic problem, Cuturi 2013; Peyré and Cuturi, Computational Optimal Transport, 4.1.
/// </remarks>
public static class TransportCertificate
{
    /// <summary>Largest allowed ‖G·1 − a‖₁ + ‖Gᵀ·1 − b‖₁.</summary>
    public const double MarginalTolerance = 9e-10;

    /// <summary>Largest allowed |P_ij − G_ij|.</summary>
    public const double PlanTolerance = 1e-12;

    /// <summary>The plan entry that two potentials imply: exp((f_i + g_j − C_ij) / ε), 0 where a potential is −∞.</summary>
    /// <param name="sourcePotential">f_i, in units of the cost; −∞ allowed.</param>
    /// <param name="targetPotential">g_j, in units of the cost; −∞ allowed.</param>
    /// <param name="cost">C_ij, finite.</param>
    /// <param name="epsilon">ε &gt; 0, in units of the cost.</param>
    /// <returns>G_ij.</returns>
    public static double ImpliedEntry(double sourcePotential, double targetPotential, double cost, double epsilon) =>
        Math.Exp((sourcePotential + targetPotential - cost) / epsilon);

    /// <summary>‖G·1 − a‖₁ + ‖Gᵀ·1 − b‖₁ for a balanced plan.</summary>
    /// <param name="cost">[n, m], finite.</param>
    /// <param name="a">[n], source marginal.</param>
    /// <param name="b">[m], target marginal.</param>
    /// <param name="f">[n], source potentials.</param>
    /// <param name="g">[m], target potentials.</param>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <returns>The L1 error; NaN when a potential is NaN.</returns>
    /// <exception cref="ArgumentException">The shapes do not agree.</exception>
    public static double MarginalError(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b,
        ReadOnlySpan<double> f, ReadOnlySpan<double> g, double epsilon) =>
        MarginalError(cost, a, b, f, g, epsilon, double.PositiveInfinity);

    /// <summary>‖G·1 − a‖₁ + ‖Gᵀ·1 − b·exp(−g/ρ)‖₁ for an unbalanced plan; ρ = +∞ is the balanced case.</summary>
    /// <param name="cost">[n, m], finite.</param>
    /// <param name="a">[n], source marginal.</param>
    /// <param name="b">[m], target reference masses; a zero asks for an empty column.</param>
    /// <param name="f">[n], source potentials.</param>
    /// <param name="g">[m], target potentials.</param>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="rho">ρ &gt; 0, in units of the cost.</param>
    /// <returns>The L1 error; NaN when a potential is NaN.</returns>
    /// <exception cref="ArgumentException">The shapes do not agree.</exception>
    public static double MarginalError(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b,
        ReadOnlySpan<double> f, ReadOnlySpan<double> g, double epsilon, double rho)
    {
        TransportInput.CheckShapes(cost, a, b, f, g);
        double error = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double sum = 0;
            for (int j = 0; j < b.Length; j++)
                sum += ImpliedEntry(f[i], g[j], cost[i, j], epsilon);
            error += Math.Abs(sum - a[i]);
        }

        for (int j = 0; j < b.Length; j++)
        {
            double sum = 0;
            for (int i = 0; i < a.Length; i++)
                sum += ImpliedEntry(f[i], g[j], cost[i, j], epsilon);
            error += Math.Abs(sum - WantedMass(b[j], g[j], rho));
        }

        return error;
    }

    /// <summary>Largest |P_ij − G_ij| over the rows and columns of positive mass.</summary>
    /// <param name="plan">[n, m], the plan P.</param>
    /// <param name="cost">[n, m], finite.</param>
    /// <param name="a">[n], source marginal.</param>
    /// <param name="b">[m], target marginal.</param>
    /// <param name="f">[n], source potentials.</param>
    /// <param name="g">[m], target potentials.</param>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <returns>The largest difference, 0 when no row or no column has mass; NaN when an entry is NaN.</returns>
    /// <exception cref="ArgumentException">The shapes do not agree.</exception>
    public static double PlanDeviation(
        ReadOnlySpan2D<double> plan, ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b,
        ReadOnlySpan<double> f, ReadOnlySpan<double> g, double epsilon)
    {
        TransportInput.CheckShapes(cost, a, b, f, g);
        TransportInput.CheckShapes(plan, a, b, f, g);
        double largest = 0;
        for (int i = 0; i < a.Length; i++)
        {
            for (int j = 0; j < b.Length; j++)
            {
                if (a[i] > 0 && b[j] > 0)
                    largest = Math.Max(largest, Math.Abs(plan[i, j] - ImpliedEntry(f[i], g[j], cost[i, j], epsilon)));
            }
        }

        return largest;
    }

    /// <summary>‖P·1 − a‖₁ + ‖Pᵀ·1 − b‖₁ of a plan that has no potentials.</summary>
    /// <param name="plan">[n, m], the plan P.</param>
    /// <param name="a">[n], source marginal.</param>
    /// <param name="b">[m], target marginal.</param>
    /// <returns>The L1 error; NaN when an entry is NaN.</returns>
    /// <exception cref="ArgumentException">The shapes do not agree.</exception>
    public static double PlanMarginalError(ReadOnlySpan2D<double> plan, ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        TransportInput.CheckShapes(plan, a, b, a, b);
        double error = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double sum = 0;
            for (int j = 0; j < b.Length; j++)
                sum += plan[i, j];
            error += Math.Abs(sum - a[i]);
        }

        for (int j = 0; j < b.Length; j++)
        {
            double sum = 0;
            for (int i = 0; i < a.Length; i++)
                sum += plan[i, j];
            error += Math.Abs(sum - b[j]);
        }

        return error;
    }

    /// <summary>The column mass that a potential asks for: b·exp(−g/ρ), b itself when ρ = +∞, 0 for a column given up by g = −∞.</summary>
    internal static double WantedMass(double b, double g, double rho)
    {
        if (double.IsPositiveInfinity(rho))
            return b;
        return b == 0 || double.IsNegativeInfinity(g) ? 0 : b * Math.Exp(-g / rho);
    }
}
