namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void SolveTransport(
        in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes) => _host.SolveTransport(cost, marginals, options, destination, outcomes);

    /// <inheritdoc/>
    public void SolveTransport(
        in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes) => _host.SolveTransport(cost, marginals, options, destination, outcomes);
}
