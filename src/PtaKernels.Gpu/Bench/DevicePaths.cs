using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Alignment paths of many documents at once: costs between distinct tokens on the device, whole tables with their directions, walks back.</summary>
public sealed class DevicePaths : DeviceBench
{
    private readonly PathBatch _batch;
    private readonly ArrayView<int> _first, _last;
    private readonly ArrayView<long> _total;

    /// <summary>Uploads the documents.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="problems">[count] the documents, at least one.</param>
    /// <exception cref="GpuException">The device is full.</exception>
    public DevicePaths(GpuBackend backend, ReadOnlySpan<PathProblem> problems)
        : base(backend)
    {
        _batch = PathBatch.Upload(Lane, problems);
        _first = Lane.Take<int>(_batch.TargetCount);
        _last = Lane.Take<int>(_batch.TargetCount);
        _total = Lane.Take<long>(problems.Length);
        Ready();
    }

    /// <summary>Makes one pass and reads its answers.</summary>
    /// <param name="paths">[count] receive the paths.</param>
    public void Answer(ReadOnlySpan<AlignmentPath> paths)
    {
        Pass();
        GpuBackend.Download(Lane, _batch, _first, _last, _total, paths);
    }

    private protected override void Queue() => Backend.WholePaths.QueuePaths(Lane, _batch.Documents, _batch.Rows, _batch.Columns, _batch.Costs, _first, _last, _total);
}
