using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Alignment paths of many documents at once: costs between distinct tokens on the device, tables with their directions, walks back.</summary>
internal sealed class DevicePaths : DeviceBench
{
    private readonly PathKernels _kernels;
    private readonly PathBatch _batch;
    private readonly ArrayView<int> _first, _last;
    private readonly ArrayView<long> _total;
    private ArrayView<BandOutcome> _outcomes;

    /// <summary>Uploads the documents.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="problems">[count] the documents, at least one.</param>
    /// <param name="banded">Whether a part of the table may do where a document is large enough, as in the pipeline; otherwise every table is whole.</param>
    /// <exception cref="GpuException">The device is full.</exception>
    public DevicePaths(GpuBackend backend, ReadOnlySpan<PathProblem> problems, bool banded = false)
        : base(backend)
    {
        _kernels = banded ? Backend.Paths : Backend.WholePaths;
        _batch = PathBatch.Upload(Lane, problems);
        _first = Lane.Take<int>(_batch.TargetCount);
        _last = Lane.Take<int>(_batch.TargetCount);
        _total = Lane.Take<long>(problems.Length);
        Ready();
    }

    /// <summary>Documents whose table was tried in part in the last pass that was answered.</summary>
    public int Tried { get; private set; }

    /// <summary>Documents for which the part was enough.</summary>
    public int Banded { get; private set; }

    /// <summary>Cells that were computed for those, with all that their strips hold outside the table.</summary>
    public long BandedCells { get; private set; }

    /// <summary>Makes one pass and reads its answers.</summary>
    /// <param name="paths">[count] receive the paths.</param>
    public void Answer(ReadOnlySpan<AlignmentPath> paths)
    {
        Pass();
        GpuBackend.Download(Lane, _batch, _first, _last, _total, paths);
        var outcomes = new BandOutcome[_outcomes.Length];
        if (outcomes.Length != 0)
            Lane.Download(_outcomes, outcomes);
        Tried = outcomes.Length;
        Banded = outcomes.Count(static o => o.Done == 1);
        BandedCells = outcomes.Where(static o => o.Done == 1).Sum(static o => o.Steps * WavefrontKernel.StripColumns);
    }

    private protected override void Queue() => _outcomes = _kernels.QueuePaths(Lane, _batch.Documents, _batch.Rows, _batch.Columns, _batch.Costs, _first, _last, _total);
}
