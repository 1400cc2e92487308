using CommunityToolkit.HighPerformance;
using PtaKernels.Reference;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    private readonly ReferenceBackend _host = new();

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) => _host.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost) => _host.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrices(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost) => _host.ComputeCostMatrices(source, sourceTokens, target, targetTokens, rows, columns, cost);

    /// <inheritdoc/>
    public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance) => _host.FindNearestTokens(source, sourceTokens, target, nearest, distance);
}
