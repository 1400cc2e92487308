using CommunityToolkit.HighPerformance;

namespace PtaKernels.Transport;

/// <summary>Entropic transport without a target marginal: argmin ⟨P, C⟩ − ε·H(P) with P·1 = a only.</summary>
public static class SemiRelaxedTransport
{
    /// <summary>The closed form P_ij = a_i · softmax_j(−C_ij/ε).</summary>
    /// <remarks>The row minimum is subtracted first, so no cost is too large: the cheapest column of a row never underflows.</remarks>
    /// <param name="cost">[n, m], finite and non-negative; n, m in 1..64, not necessarily equal.</param>
    /// <param name="a">[n], masses of the rows (source), finite and non-negative; any sum.</param>
    /// <param name="epsilon">ε &gt; 0, in units of the cost.</param>
    /// <param name="plan">[n, m], receives P; rows without mass are 0.</param>
    /// <returns>
    /// Converged after 0 iterations with ‖P·1 − a‖₁, there being no target marginal; NotFinite, and NaN in the plan, if a value is NaN,
    /// infinite or negative.
    /// </returns>
    /// <exception cref="ArgumentException">The shapes do not agree or are out of range, or ε is not finite and positive.</exception>
    public static TransportOutcome Solve(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, double epsilon, Span2D<double> plan)
    {
        TransportInput.CheckShape(cost, a.Length);
        TransportInput.CheckShape(plan, a.Length);
        if (plan.Width != cost.Width)
            throw new ArgumentException($"The plan has {plan.Width} columns, the cost {cost.Width}.");
        TransportInput.CheckPositive(epsilon, nameof(epsilon));
        if (!TransportInput.IsUsable(cost) || !TransportInput.IsUsable(a))
            return TransportInput.NotFinite(plan, [], []);

        double error = 0;
        for (int i = 0; i < a.Length; i++)
        {
            ReadOnlySpan<double> costs = cost.GetRowSpan(i);
            Span<double> row = plan.GetRowSpan(i);
            double least = double.PositiveInfinity, sum = 0, total = 0;
            foreach (double entry in costs)
                least = Math.Min(least, entry);
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = Math.Exp((least - costs[j]) / epsilon);
                sum += row[j];
            }

            for (int j = 0; j < row.Length; j++)
            {
                row[j] = a[i] * (row[j] / sum);
                total += row[j];
            }

            error += Math.Abs(total - a[i]);
        }

        return new TransportOutcome(TransportStatus.Converged, 0, error);
    }
}
