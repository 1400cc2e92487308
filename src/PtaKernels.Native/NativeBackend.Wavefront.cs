using CommunityToolkit.HighPerformance;

namespace PtaKernels.Native;

public sealed unsafe partial class NativeBackend
{
    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Shapes.RequirePath(source.Length, target.Length);
        Span<(int Source, int Target)> steps = path.Reserve(source.Length, target.Length);
        using Lease lease = Rent();
        long count, total;
        fixed (int* s = source, t = target)
        fixed (byte* c = cost)
        fixed ((int, int)* p = steps)
        {
            NativeErrors.Require(NativeMethods.FindAlignmentPath(
                lease.Workspace, s, source.Length, t, target.Length, c, cost.Height, cost.Width, StrideOf(cost), (int*)p, steps.Length, &count, &total));
        }

        path.Complete((int)count, total);
    }

    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Shapes.RequirePath(source.Length, target.Length);
        Span<(int Source, int Target)> steps = path.Reserve(source.Length, target.Length);
        using Lease lease = Rent();
        long count, total;
        fixed (int* s = source, t = target)
        fixed (ushort* c = cost)
        fixed ((int, int)* p = steps)
        {
            NativeErrors.Require(NativeMethods.FindAlignmentPath(
                lease.Workspace, s, source.Length, t, target.Length, c, cost.Height, cost.Width, StrideOf(cost), (int*)p, steps.Length, &count, &total));
        }

        path.Complete((int)count, total);
    }
}
