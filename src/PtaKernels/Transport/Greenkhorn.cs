using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;

namespace PtaKernels.Transport;

/// <summary>The problem of <see cref="BalancedTransport"/> by Sinkhorn's updates, one row or column at a time: another solver, not another answer.</summary>
public static class Greenkhorn
{
    // Newton's steps start where updates end: after this many of each row and column on average, or at this error.
    private const int UpdatesPerLine = 20;
    private const double Target = 1e-12;

    // Below this a sum has lost digits to underflow and is formed in the log domain instead.
    private const double SmallestSum = 1e-290;

    /// <summary>Solves one problem to the certificate of <see cref="TransportCertificate"/>, or hands over to the exact optimum.</summary>
    /// <remarks>
    /// The row or column furthest from its mass, by the divergence x·log(x/y) − x + y of a mass x and a sum y, is met exactly, again and again; the first of several,
    /// rows before columns. What is still missing after a number of updates is left to Newton's steps on the semi-dual, which start from there and certify
    /// the plan that <see cref="BalancedTransport"/> certifies.
    /// Source: Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for optimal transport via Sinkhorn iteration, 2017.
    /// </remarks>
    /// <param name="cost">[n, m], finite and non-negative; n, m in 1..64, not necessarily equal.</param>
    /// <param name="a">[n], masses of the rows (source), finite and non-negative.</param>
    /// <param name="b">[m], masses of the columns (target), finite and non-negative, with the sum of a to 1e-15.</param>
    /// <param name="epsilon">ε &gt; 0, in units of the cost.</param>
    /// <param name="plan">[n, m], receives P_ij = exp((f_i + g_j − C_ij)/ε), 0 in rows and columns without mass.</param>
    /// <param name="f">[n], receives the row potentials in units of the cost, −∞ in rows without mass.</param>
    /// <param name="g">[m], receives the column potentials, −∞ in columns without mass. (f + t, g − t) is the same answer.</param>
    /// <returns>As <see cref="BalancedTransport.Solve"/>; iterations are updates plus Newton steps.</returns>
    /// <exception cref="ArgumentException">The shapes do not agree or are out of range, or ε is not finite and positive.</exception>
    public static TransportOutcome Solve(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon,
        Span2D<double> plan, Span<double> f, Span<double> g)
    {
        TransportInput.CheckShapes(cost, a, b, f, g);
        TransportInput.CheckShapes(plan, a, b, f, g);
        TransportInput.CheckPositive(epsilon, nameof(epsilon));
        if (!TransportInput.IsUsable(cost) || !TransportInput.IsUsable(a) || !TransportInput.IsUsable(b) || TransportInput.IsEmpty(a) || TransportInput.IsEmpty(b))
            return BalancedTransport.Solve(cost, a, b, epsilon, plan, f, g);

        int updates = Approach(cost, a, b, epsilon, g);
        TransportOutcome outcome = EntropicSolver.Descend(cost, a, b, epsilon, double.PositiveInfinity, stages: 1, maxSweeps: 0, plan, f, g);
        if (outcome.Status != TransportStatus.Converged)
            outcome = BalancedTransport.Solve(cost, a, b, epsilon, plan, f, g);
        return outcome with { Iterations = outcome.Iterations + updates };
    }

    /// <summary>Updates from the plan whose rows are exact at g = ε·log b.</summary>
    /// <returns>How many; g receives the column potentials.</returns>
    private static int Approach(ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, Span<double> g)
    {
        int n = a.Length, m = b.Length, cells = n * m;
        using SpanOwner<double> scratch = SpanOwner<double>.Allocate((2 * cells) + (3 * (n + m)));
        Span<double> scaled = scratch.Span[..cells], plan = scratch.Span.Slice(cells, cells);
        var rows = new Side(a, scratch.Span.Slice(2 * cells, 3 * n));
        var columns = new Side(b, scratch.Span.Slice((2 * cells) + (3 * n), 3 * m));
        plan.Clear();
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                scaled[(i * m) + j] = cost[i, j] / epsilon;
        }

        for (int j = 0; j < m; j++)
            columns.Potential[j] = Math.Log(b[j]);
        for (int i = 0; i < n; i++)
        {
            if (a[i] > 0)
                Update(rows, i, m, columns, 1, scaled, plan);
        }

        int limit = UpdatesPerLine * (n + m), updates = 0;
        for (; updates < limit && rows.Error + columns.Error > Target; updates++)
        {
            int row = rows.Worst, column = columns.Worst;
            if (rows.Gap[row] >= columns.Gap[column])
                Update(rows, row, m, columns, 1, scaled, plan);
            else
                Update(columns, column, 1, rows, m, scaled, plan);
        }

        for (int j = 0; j < m; j++)
            g[j] = epsilon * columns.Potential[j];
        return updates;
    }

    /// <summary>Meets the mass of one line. Its cell on another line o stands at line·lineStep + o·otherStep.</summary>
    private static void Update(Side side, int line, int lineStep, Side other, int otherStep, ReadOnlySpan<double> cost, Span<double> plan)
    {
        int first = line * lineStep;
        double sum = 0, mass = side.Mass[line];
        for (int o = 0; o < other.Mass.Length; o++)
            sum += plan[first + (o * otherStep)];
        double potential = sum > SmallestSum ? side.Potential[line] + Math.Log(mass / sum) : Math.Log(mass) - LogSum(cost[first..], other, otherStep);
        side.Potential[line] = potential;
        side.Sum[line] = 0;
        for (int o = 0; o < other.Mass.Length; o++)
        {
            int cell = first + (o * otherStep);
            double entry = Math.Exp(potential + other.Potential[o] - cost[cell]);
            other.Sum[o] += entry - plan[cell];
            plan[cell] = entry;
            side.Sum[line] += entry;
            other.Measure(o);
        }

        side.Measure(line);
    }

    private static double LogSum(ReadOnlySpan<double> cost, Side other, int step)
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int o = 0; o < other.Mass.Length; o++)
            largest = Math.Max(largest, other.Potential[o] - cost[o * step]);
        for (int o = 0; o < other.Mass.Length; o++)
            sum += Math.Exp(other.Potential[o] - cost[o * step] - largest);
        return largest + Math.Log(sum);
    }

    /// <summary>Rows or columns: their masses, potentials in units of ε, sums, and how far each sum is from its mass.</summary>
    private readonly ref struct Side
    {
        public readonly ReadOnlySpan<double> Mass;
        public readonly Span<double> Potential, Sum, Gap;

        /// <param name="mass">[count].</param>
        /// <param name="scratch">[3·count].</param>
        public Side(ReadOnlySpan<double> mass, Span<double> scratch)
        {
            Mass = mass;
            Potential = scratch[..mass.Length];
            Sum = scratch.Slice(mass.Length, mass.Length);
            Gap = scratch.Slice(2 * mass.Length, mass.Length);
            Potential.Fill(double.NegativeInfinity);
            Sum.Clear();
            Gap.Clear();
        }

        public double Error
        {
            get
            {
                double error = 0;
                for (int i = 0; i < Mass.Length; i++)
                    error += Math.Abs(Sum[i] - Mass[i]);
                return error;
            }
        }

        public int Worst
        {
            get
            {
                int worst = 0;
                for (int i = 1; i < Gap.Length; i++)
                    worst = Gap[i] > Gap[worst] ? i : worst;
                return worst;
            }
        }

        /// <summary>The divergence of a sum from a mass; infinite where nothing has come to a mass.</summary>
        public void Measure(int line)
        {
            double x = Mass[line], y = Math.Max(Sum[line], 0);
            Gap[line] = x == 0 ? 0 : y - x + (x * Math.Log(x / y));
        }
    }
}
