using CommunityToolkit.HighPerformance;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path) => _host.FindAlignmentPath(source, target, cost, path);

    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path) => _host.FindAlignmentPath(source, target, cost, path);
}
