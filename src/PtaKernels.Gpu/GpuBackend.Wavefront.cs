using CommunityToolkit.HighPerformance;
using ILGPU;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    internal PathKernels Paths => field ??= new PathKernels(Device);

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
        T[] table = new T[checked(cost.Height * cost.Width)];
        cost.CopyTo(table);
        var document = new DocumentPath { SourceLength = source.Length, TargetLength = target.Length, TableRows = cost.Height, TableColumns = cost.Width };
        using GpuLane lane = Device.Rent();
        ArrayView<int> rows = lane.Upload(source), columns = lane.Upload(target), first = lane.Take<int>(target.Length), last = lane.Take<int>(target.Length);
        ArrayView<long> total = lane.Take<long>(1);
        ArrayView<T> costs = lane.Upload<T>(table);
        if (typeof(T) == typeof(byte))
            Paths.QueuePaths(lane, [document], rows, columns, costs.Cast<byte>(), first, last, total);
        else
            Paths.QueuePaths(lane, [document], rows, columns, costs.Cast<ushort>(), first, last, total);

        int[] firstHost = new int[target.Length], lastHost = new int[target.Length];
        long[] totalHost = new long[1];
        lane.Download(first, firstHost);
        lane.Download(last, lastHost);
        lane.Download(total, totalHost);
        // A monotone path is all that joins the ranges: nothing else lies between them.
        Span<(int Source, int Target)> steps = path.Reserve(source.Length, target.Length);
        int count = 0;
        for (int j = 0; j < target.Length; j++)
        {
            for (int i = firstHost[j]; i <= lastHost[j]; i++)
                steps[count++] = (i, j);
        }

        path.Complete(count, totalHost[0]);
    }
}
