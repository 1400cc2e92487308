using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;
using PtaKernels.Steps;
using PtaKernels.Transport;

namespace PtaKernels.Reference;

public sealed partial class ReferenceBackend
{
    /// <inheritdoc/>
    public void SolveTransport(
        in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        using SpanOwner<double> real = SpanOwner<double>.Allocate(cost.Values.Length);
        for (int i = 0; i < cost.Values.Length; i++)
            real.Span[i] = cost.Values[i];
        SolveTransport(new CostMatrix<double>(real.Span, cost.Batch, cost.Rows, cost.Columns), marginals, options, destination, outcomes);
    }

    /// <inheritdoc/>
    public void SolveTransport(
        in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        int n = cost.Rows, m = cost.Columns;
        Shapes.RequireTransport(cost.Batch, n, m, marginals, options, destination.Values.Length, outcomes.Length);
        Span<double> f = stackalloc double[n], g = stackalloc double[m];
        for (int p = 0; p < cost.Batch; p++)
        {
            ReadOnlySpan<double> a = marginals.A.Slice(p * n, n);
            ReadOnlySpan<double> b = marginals.B.IsEmpty ? [] : marginals.B.Slice(p * m, m);
            f.Fill(double.NaN);
            g.Fill(double.NaN);
            outcomes[p] = options.Kind switch
            {
                TransportKind.Official => SolveOfficial(cost[p], a, b, options, destination[p]),
                TransportKind.Balanced when options.Solver == TransportSolver.Greenkhorn => Greenkhorn.Solve(cost[p], a, b, options.Epsilon, destination[p], f, g),
                TransportKind.Balanced => BalancedTransport.Solve(cost[p], a, b, options.Epsilon, destination[p], f, g),
                TransportKind.SemiRelaxed => SemiRelaxedTransport.Solve(cost[p], a, options.Epsilon, destination[p]),
                TransportKind.Unbalanced => UnbalancedTransport.Solve(cost[p], a, b, options.Epsilon, options.Rho, destination[p], f, g),
                TransportKind.Exact => ExactTransport.Solve(cost[p], a, b, destination[p], f, g),
                _ => throw new ArgumentException($"'{options.Kind}' is not a transport.", nameof(options)),
            };
            if (!destination.RowPotentials.IsEmpty)
                f.CopyTo(destination.RowPotentials.Slice(p * n, n));
            if (!destination.ColumnPotentials.IsEmpty)
                g.CopyTo(destination.ColumnPotentials.Slice(p * m, m));
        }
    }

    /// <summary>
    /// The published loop (SPEC B 3b.3): the kernel matrix normalised to sum 1, then rows and columns scaled in turn until no row sum moves by more than
    /// the tolerance. The old row sums enter that test after clamping; a NaN ends it.
    /// </summary>
    private static TransportOutcome SolveOfficial(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, in TransportOptions options, Span2D<double> plan)
    {
        int n = plan.Height, m = plan.Width;
        double lambda = 1 / options.Epsilon;
        // 1/30 is not a binary fraction; the official lambda is the whole number next to its reciprocal.
        if (Math.Abs(lambda - Math.Round(lambda)) < 1e-9)
            lambda = Math.Round(lambda);
        using SpanOwner<double> scratch = SpanOwner<double>.Allocate((2 * n) + m);
        Span<double> previous = scratch.Span[..n], rows = scratch.Span.Slice(n, n), columns = scratch.Span[(2 * n)..];
        plan.TryGetSpan(out Span<double> all);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                plan[i, j] = StableExp.Exp(-lambda * cost[i, j]);
        }

        double total = SinkhornStep.Sum(all);
        foreach (ref double p in all)
            p /= total;
        previous.Clear();
        int iterations = 0;
        double change;
        while (true)
        {
            change = 0;
            for (int i = 0; i < n; i++)
            {
                rows[i] = SinkhornStep.Sum(plan.GetRowSpan(i));
                change = Math.Max(change, Math.Abs(previous[i] - rows[i])); // Math.Max keeps a NaN
            }

            if (!(change > options.Tolerance) || iterations == options.MaxIterations)
                break;
            rows.CopyTo(previous);
            SinkhornStep.ScaleRows(plan, a, previous);
            SinkhornStep.ScaleColumns(plan, b, columns);
            iterations++;
        }

        double error = 0;
        columns.Clear();
        for (int i = 0; i < n; i++)
        {
            error += Math.Abs(rows[i] - a[i]);
            for (int j = 0; j < m; j++)
                columns[j] += plan[i, j];
        }

        for (int j = 0; j < m; j++)
            error += Math.Abs(columns[j] - b[j]);
        if (!double.IsFinite(error))
            return new TransportOutcome(TransportStatus.NotFinite, iterations, double.NaN);
        bool stopped = !(change > options.Tolerance);
        return new TransportOutcome(stopped ? TransportStatus.Converged : TransportStatus.IterationLimit, iterations, error);
    }
}
