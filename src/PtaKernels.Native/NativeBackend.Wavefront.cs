using CommunityToolkit.HighPerformance;

namespace PtaKernels.Native;

public sealed unsafe partial class NativeBackend
{
    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path) =>
        FindPath(source, target, cost, path);

    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path) =>
        FindPath(source, target, cost, path);

    /// <summary>T is <see cref="byte"/> or <see cref="ushort"/>.</summary>
    private void FindPath<T>(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<T> cost, AlignmentPath path)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(path);
        Shapes.RequirePath(source.Length, target.Length);
        Span<(int Source, int Target)> steps = path.Reserve(source.Length, target.Length);
        using Lease lease = Rent();
        long count, total, stride = StrideOf(cost);
        fixed (int* s = source, t = target)
        fixed (T* c = cost)
        fixed ((int, int)* p = steps)
        {
            NativeErrors.Require(sizeof(T) == 1
                ? NativeMethods.FindAlignmentPath(
                    lease.Workspace, s, source.Length, t, target.Length, (byte*)c, cost.Height, cost.Width, stride, (int*)p, steps.Length, &count, &total)
                : NativeMethods.FindAlignmentPath(
                    lease.Workspace, s, source.Length, t, target.Length, (ushort*)c, cost.Height, cost.Width, stride, (int*)p, steps.Length, &count, &total));
        }

        path.Complete((int)count, total);
    }
}
