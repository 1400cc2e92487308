using CommunityToolkit.HighPerformance.Buffers;
using ILGPU;
using PtaKernels.Transport;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    private readonly Lazy<TransportKernels> _transports;

    /// <summary>The transports on the device.</summary>
    internal TransportKernels Transports => _transports.Value;

    /// <inheritdoc cref="IKernelBackend.SolveTransport(in CostMatrix{byte}, in Marginals, in TransportOptions, in TransportPlan, Span{TransportOutcome})"/>
    /// <remarks>
    /// <c>official</c>, <c>balanced</c> and <c>semi-relaxed</c> run on the device; what the balanced kernel cannot certify, or does not take, is solved by the shared host routine.
    /// <c>unbalanced</c>, <c>exact</c> and solver <c>greenkhorn</c> run on the host, as <see cref="Notices"/> then says.
    /// </remarks>
    public void SolveTransport(
        in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        RequireTransport(cost.Batch, cost.Rows, cost.Columns, marginals, options, destination, outcomes);
        if (cost.Batch == 0)
            return;
        if (options.Kind is TransportKind.Unbalanced or TransportKind.Exact || options.Solver == TransportSolver.Greenkhorn)
        {
            using SpanOwner<double> real = SpanOwner<double>.Allocate(cost.Values.Length);
            for (int c = 0; c < cost.Values.Length; c++)
                real.Span[c] = cost.Values[c];
            SolveOnHost(new CostMatrix<double>(real.Span, cost.Batch, cost.Rows, cost.Columns), marginals, options, destination, outcomes);
            return;
        }

        using GpuLane lane = Device.Rent();
        TransportQueue queue = UploadProblems(lane, cost.Batch, cost.Rows, cost.Columns, marginals, options, destination);
        queue.Cost = lane.Upload(cost.Values);
        Transports.QueueSolve(lane, queue, options);
        Transports.HandOver(lane, queue, options);
        DownloadPlans(lane, queue, options, destination, outcomes);
    }

    /// <inheritdoc cref="IKernelBackend.SolveTransport(in CostMatrix{double}, in Marginals, in TransportOptions, in TransportPlan, Span{TransportOutcome})"/>
    /// <remarks><c>official</c> and <c>semi-relaxed</c> run on the device, the former from a kernel matrix made on the host; the others run on the host, as <see cref="Notices"/> then says.</remarks>
    public void SolveTransport(
        in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        RequireTransport(cost.Batch, cost.Rows, cost.Columns, marginals, options, destination, outcomes);
        if (cost.Batch == 0)
            return;
        if (options.Kind is not (TransportKind.Official or TransportKind.SemiRelaxed))
        {
            SolveOnHost(cost, marginals, options, destination, outcomes);
            return;
        }

        using GpuLane lane = Device.Rent();
        TransportQueue queue = UploadProblems(lane, cost.Batch, cost.Rows, cost.Columns, marginals, options, destination);
        if (options.Kind == TransportKind.Official)
        {
            using SpanOwner<double> kernel = SpanOwner<double>.Allocate(cost.Values.Length);
            for (int c = 0; c < cost.Values.Length; c++)
                kernel.Span[c] = TransportKernels.OfficialKernelEntry(cost.Values[c], options.Epsilon);
            queue.Plan = lane.Upload<double>(kernel.Span);
            Transports.QueueReals(lane, queue, ArrayView<double>.Empty, options);
        }
        else
        {
            Transports.QueueReals(lane, queue, lane.Upload(cost.Values), options);
        }

        DownloadPlans(lane, queue, options, destination, outcomes);
    }

    private static void RequireTransport(
        int batch, int n, int m, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        Shapes.RequireTransport(batch, n, m, marginals, options, destination.Values.Length, outcomes.Length);
        if (options.Kind == TransportKind.None || !Enum.IsDefined(options.Kind))
            throw new ArgumentException($"'{options.Kind}' is not a transport.", nameof(options));
        if (options.Kind is TransportKind.Balanced or TransportKind.SemiRelaxed && !(double.IsFinite(options.Epsilon) && options.Epsilon > 0))
            throw new ArgumentOutOfRangeException(nameof(options), options.Epsilon, "Must be finite and positive.");
    }

    private static TransportQueue UploadProblems(
        GpuLane lane, int batch, int n, int m, in Marginals marginals, in TransportOptions options, in TransportPlan destination)
    {
        bool potentials = options.Kind == TransportKind.Balanced;
        return new TransportQueue
        {
            Batch = batch,
            Rows = n,
            Columns = m,
            A = lane.Upload(marginals.A),
            B = lane.Upload(marginals.B),
            Plan = lane.Take<double>((long)batch * n * m),
            F = lane.Take<double>(potentials ? destination.RowPotentials.Length : 0),
            G = lane.Take<double>(potentials ? destination.ColumnPotentials.Length : 0),
            Outcomes = lane.Take<DeviceOutcome>(batch),
        };
    }

    private static void DownloadPlans(GpuLane lane, in TransportQueue queue, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        using SpanOwner<DeviceOutcome> endings = SpanOwner<DeviceOutcome>.Allocate(outcomes.Length);
        lane.Download(queue.Outcomes, endings.Span);
        lane.Download(queue.Plan, destination.Values);
        for (int p = 0; p < outcomes.Length; p++)
            outcomes[p] = new TransportOutcome((TransportStatus)endings.Span[p].Status, endings.Span[p].Iterations, endings.Span[p].MarginalError);
        if (options.Kind == TransportKind.Balanced)
        {
            lane.Download(queue.F, destination.RowPotentials);
            lane.Download(queue.G, destination.ColumnPotentials);
            return;
        }

        destination.RowPotentials.Fill(double.NaN);
        destination.ColumnPotentials.Fill(double.NaN);
    }

    private void SolveOnHost(
        in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
    {
        Device.AddNotice(options.Solver == TransportSolver.Greenkhorn ? "the balanced transport by solver greenkhorn runs on the host."
            : options.Kind == TransportKind.Balanced ? "the balanced transport of real-valued costs runs on the host."
            : $"the {(options.Kind == TransportKind.Exact ? "exact" : "unbalanced")} transport runs on the host.");
        int n = cost.Rows, m = cost.Columns;
        Span<double> f = stackalloc double[n], g = stackalloc double[m];
        for (int p = 0; p < cost.Batch; p++)
        {
            ReadOnlySpan<double> a = marginals.A.Slice(p * n, n), b = marginals.B.Slice(p * m, m);
            outcomes[p] = options.Kind switch
            {
                TransportKind.Balanced when options.Solver == TransportSolver.Greenkhorn => Greenkhorn.Solve(cost[p], a, b, options.Epsilon, destination[p], f, g),
                TransportKind.Balanced => BalancedTransport.Solve(cost[p], a, b, options.Epsilon, destination[p], f, g),
                TransportKind.Unbalanced => UnbalancedTransport.Solve(cost[p], a, b, options.Epsilon, options.Rho, destination[p], f, g),
                _ => ExactTransport.Solve(cost[p], a, b, destination[p], f, g),
            };
            if (!destination.RowPotentials.IsEmpty)
                f.CopyTo(destination.RowPotentials.Slice(p * n, n));
            if (!destination.ColumnPotentials.IsEmpty)
                g.CopyTo(destination.ColumnPotentials.Slice(p * m, m));
        }
    }
}
