using CommunityToolkit.HighPerformance.Buffers;

namespace PtaKernels.Native;

public sealed unsafe partial class NativeBackend
{
    /// <inheritdoc/>
    public void SolveTransport(
        in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        NativeTransportOptions native = OptionsOf(cost.Batch, cost.Rows, cost.Columns, marginals, options, destination, outcomes);
        using SpanOwner<NativeOutcome> endings = SpanOwner<NativeOutcome>.Allocate(cost.Batch);
        using Lease lease = Rent();
        fixed (byte* c = cost.Values)
        fixed (double* a = marginals.A, b = marginals.B, plan = destination.Values, f = destination.RowPotentials, g = destination.ColumnPotentials)
        fixed (NativeOutcome* o = endings.Span)
            NativeErrors.Require(NativeMethods.SolveTransport(lease.Workspace, &native, cost.Batch, cost.Rows, cost.Columns, c, a, b, plan, f, g, o));
        Copy(endings.Span, outcomes);
    }

    /// <inheritdoc/>
    public void SolveTransport(
        in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        NativeTransportOptions native = OptionsOf(cost.Batch, cost.Rows, cost.Columns, marginals, options, destination, outcomes);
        using SpanOwner<NativeOutcome> endings = SpanOwner<NativeOutcome>.Allocate(cost.Batch);
        using Lease lease = Rent();
        fixed (double* c = cost.Values, a = marginals.A, b = marginals.B, plan = destination.Values, f = destination.RowPotentials, g = destination.ColumnPotentials)
        fixed (NativeOutcome* o = endings.Span)
            NativeErrors.Require(NativeMethods.SolveTransport(lease.Workspace, &native, cost.Batch, cost.Rows, cost.Columns, c, a, b, plan, f, g, o));
        Copy(endings.Span, outcomes);
    }

    private static NativeTransportOptions OptionsOf(
        int batch, int n, int m, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        Shapes.RequireTransport(batch, n, m, marginals, options, destination.Values.Length, outcomes.Length);
        if (options.Kind == TransportKind.None || !Enum.IsDefined(options.Kind))
            throw new ArgumentException($"'{options.Kind}' is not a transport.", nameof(options));
        return new NativeTransportOptions
        {
            StructSize = (uint)sizeof(NativeTransportOptions),
            Kind = (int)options.Kind,
            Epsilon = options.Epsilon,
            Tolerance = options.Tolerance,
            Rho = options.Rho,
            MaxIterations = options.MaxIterations,
            Solver = (int)options.Solver,
        };
    }

    private static void Copy(ReadOnlySpan<NativeOutcome> from, Span<TransportOutcome> to)
    {
        for (int p = 0; p < from.Length; p++)
            to[p] = new TransportOutcome((TransportStatus)from[p].Status, from[p].Iterations, from[p].MarginalError);
    }
}
