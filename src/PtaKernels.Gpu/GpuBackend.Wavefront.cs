using CommunityToolkit.HighPerformance;
using ILGPU;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    internal PathKernels Paths => field ??= new PathKernels(Device, bands: new BandKernels(Device));

    /// <summary>The same paths from whole tables only.</summary>
    internal PathKernels WholePaths => field ??= new PathKernels(Device);

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
        Write(path, source.Length, firstHost, lastHost, totalHost[0]);
    }

    /// <summary>Paths of several problems, computed together: one call of <see cref="FindAlignmentPath(ReadOnlySpan{int}, ReadOnlySpan{int}, ReadOnlySpan2D{byte}, AlignmentPath)"/> each, with the same results.</summary>
    /// <param name="problems">[count].</param>
    /// <param name="paths">[count] receive the paths; not thread-safe.</param>
    /// <exception cref="ArgumentException">A sequence is empty, or there is not one path for each problem.</exception>
    public void FindAlignmentPaths(ReadOnlySpan<PathProblem> problems, ReadOnlySpan<AlignmentPath> paths)
    {
        if (problems.Length != paths.Length)
            throw new ArgumentException($"{problems.Length} problems and {paths.Length} paths.", nameof(paths));
        if (problems.IsEmpty)
            return;
        using GpuLane lane = Device.Rent();
        var batch = PathBatch.Upload(lane, problems);
        ArrayView<int> first = lane.Take<int>(batch.TargetCount), last = lane.Take<int>(batch.TargetCount);
        ArrayView<long> total = lane.Take<long>(problems.Length);
        Paths.QueuePaths(lane, batch.Documents, batch.Rows, batch.Columns, batch.Costs, first, last, total);
        Download(lane, batch, first, last, total, paths);
    }

    /// <summary>Waits for what <see cref="PathKernels"/> was given and writes the paths.</summary>
    internal static void Download(GpuLane lane, PathBatch batch, ArrayView<int> first, ArrayView<int> last, ArrayView<long> total, ReadOnlySpan<AlignmentPath> paths)
    {
        int[] firstHost = new int[batch.TargetCount], lastHost = new int[batch.TargetCount];
        long[] totalHost = new long[paths.Length];
        lane.Download(first, firstHost);
        lane.Download(last, lastHost);
        lane.Download(total, totalHost);
        for (int p = 0; p < paths.Length; p++)
        {
            DocumentPath document = batch.Documents[p];
            Write(paths[p], document.SourceLength, firstHost.AsSpan(document.TargetStart, document.TargetLength), lastHost.AsSpan(document.TargetStart, document.TargetLength), totalHost[p]);
        }
    }

    /// <summary>A path from the source positions of each target position. It is monotone, and nothing else joins the ranges.</summary>
    private static void Write(AlignmentPath path, int sourceLength, ReadOnlySpan<int> first, ReadOnlySpan<int> last, long total)
    {
        Span<(int Source, int Target)> steps = path.Reserve(sourceLength, first.Length);
        int count = 0;
        for (int j = 0; j < first.Length; j++)
        {
            for (int i = first[j]; i <= last[j]; i++)
                steps[count++] = (i, j);
        }

        path.Complete(count, total);
    }
}
