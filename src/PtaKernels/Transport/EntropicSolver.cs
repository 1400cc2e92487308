using CommunityToolkit.HighPerformance;

namespace PtaKernels.Transport;

/// <summary>The descent of balanced and unbalanced transport: a few sweeps, then Newton, at one ε or at a falling series of them.</summary>
internal static class EntropicSolver
{
    // More than the certificate asks, since Newton's last step is nearly free; float64 allows little less.
    private const double Target = 1e-12;
    private const int MaxSteps = 200;

    /// <summary>Solves at ε·4^(stages−1), ..., 4ε, ε, each from the one before and the first from g.</summary>
    /// <remarks>Needs a row and a column of positive mass. Writes the last iterate, certified or not.</remarks>
    /// <returns>Converged or IterationLimit, with sweeps plus Newton steps over all stages.</returns>
    internal static TransportOutcome Descend(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, double rho, int stages, int maxSweeps,
        Span2D<double> plan, Span<double> f, Span<double> g)
    {
        int iterations = 0;
        double error = double.NaN;
        for (int stage = stages - 1; stage >= 0; stage--)
        {
            EntropicProblem problem = new(cost, a, b, Math.ScaleB(epsilon, 2 * stage), rho);
            try
            {
                problem.StartFrom(g);
                for (int sweep = 0; sweep < maxSweeps && problem.Dual.Error > Target; sweep++)
                {
                    problem.Dual.Sweep();
                    iterations++;
                }

                iterations += problem.Dual.Descend(Target, MaxSteps);
                error = problem.Finish(cost);
                problem.Write(plan, f, g);
            }
            finally
            {
                problem.Dispose();
            }
        }

        bool certified = error <= TransportCertificate.MarginalTolerance;
        return new TransportOutcome(certified ? TransportStatus.Converged : TransportStatus.IterationLimit, iterations, error);
    }

    /// <summary>Stages after which the first ε is at least the largest cost: there the potentials 0 are a good start.</summary>
    internal static int StagesFor(ReadOnlySpan2D<double> cost, double epsilon)
    {
        const int mostStages = 16;
        double largest = 0;
        for (int i = 0; i < cost.Height; i++)
        {
            foreach (double entry in cost.GetRowSpan(i))
                largest = Math.Max(largest, entry);
        }

        int stages = 1;
        for (double wide = epsilon; wide < largest && stages < mostStages; wide *= 4)
            stages++;
        return stages;
    }
}
