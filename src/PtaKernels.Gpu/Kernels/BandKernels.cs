using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Queues the bands of a batch's large documents: bounds of what is still to come, a good path's sum, the part of the table within it.</summary>
/// <param name="device">Where.</param>
/// <param name="leastRows">Source positions from which a document's band is tried.</param>
/// <param name="leastColumns">Target positions from which it is.</param>
internal sealed class BandKernels(GpuDevice device, int leastRows = BandKernels.LeastRows, int leastColumns = BandKernels.LeastColumns)
{
    /// <summary>With fewer source positions than this, finding the band costs about what it saves (the counts are in perf/GPU.md).</summary>
    public const int LeastRows = (3 * WavefrontKernel.StripColumns) + 1;

    /// <summary>The same for target positions: four strips, the last one in part.</summary>
    public const int LeastColumns = (3 * WavefrontKernel.StripColumns) + 1;

    private readonly Lazy<LoadedKernel<PathBounds.Arguments>> _bounds = new(() => device.Load<PathBounds.Arguments>(PathBounds.Sums));
    private readonly Lazy<LoadedKernel<PathGuide.Arguments>> _guide = new(() => device.Load<PathGuide.Arguments>(PathGuide.Limits));
    private readonly Lazy<LoadedKernel<WavefrontBand.Arguments<uint>>> _packed = new(() => SelfTest.Of(device).PackedCells
        ? device.Load<WavefrontBand.Arguments<uint>>(WavefrontBand.Packed)
        : device.Load<WavefrontBand.Arguments<uint>>(WavefrontBand.Twin));

    private readonly Lazy<LoadedKernel<WavefrontBand.Arguments<IntPair>>> _int = new(() => device.Load<WavefrontBand.Arguments<IntPair>>(WavefrontBand.Int));

    /// <summary>Whether a document is large enough.</summary>
    public bool Takes(in DocumentPath document) => document.SourceLength >= leastRows && document.TargetLength >= leastColumns;

    /// <summary>Device memory that a document's band takes beyond its table's.</summary>
    public static long BytesFor(in DocumentPath document) =>
        (4L * ((long)document.SourceLength + document.TargetLength + 2 + Quads(document) + document.TableColumns)) + Interop.SizeOf<BandPlan>() + Interop.SizeOf<BandOutcome>();

    /// <summary>Queues the bands of those documents that are large enough; the totals of those that succeed are written, those of the others stay negative.</summary>
    /// <param name="lane">The stream and the memory.</param>
    /// <param name="plans">The documents.</param>
    /// <param name="narrow">Whether packed cells may be tried.</param>
    /// <param name="words">Four rows of a table to a word.</param>
    /// <param name="sourceRows">Row of its document's table for each source position.</param>
    /// <param name="targetColumns">Column of its document's table for each target position.</param>
    /// <param name="packed">The tables in packed cells.</param>
    /// <param name="wide">The same memory in 32-bit cells.</param>
    /// <returns>What becomes of each band, largest document first; empty if there is none.</returns>
    public ArrayView<BandOutcome> Queue(
        GpuLane lane,
        ReadOnlySpan<PathPlan> plans,
        bool narrow,
        ArrayView<uint> words,
        ArrayView<int> sourceRows,
        ArrayView<int> targetColumns,
        in WavefrontArguments<uint> packed,
        in WavefrontArguments<IntPair> wide)
    {
        var bands = new List<BandPlan>();
        int remaining = 0, bounds = 0;
        for (int p = 0; p < plans.Length; p++)
        {
            DocumentPath document = plans[p].Document;
            if (!Takes(document))
                continue;
            int columns = checked(remaining + document.SourceLength + 1), columnBounds = checked(bounds + Quads(document));
            bands.Add(new BandPlan { Plan = p, Rows = remaining, Columns = columns, RowBounds = bounds, ColumnBounds = columnBounds });
            remaining = checked(columns + document.TargetLength + 1);
            bounds = checked(columnBounds + document.TableColumns);
        }

        if (bands.Count == 0)
            return ArrayView<BandOutcome>.Empty;
        var memory = new BandMemory
        {
            Bands = lane.Upload<BandPlan>(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bands)),
            Remaining = lane.Take<int>(remaining),
            Bounds = lane.Take<uint>(bounds),
            Outcomes = lane.Take<BandOutcome>(bands.Count),
        };
        _bounds.Value.Launch(lane.Stream, bands.Count, new PathBounds.Arguments { Plans = packed.Plans, Words = words, SourceRows = sourceRows, TargetColumns = targetColumns, Band = memory });
        _guide.Value.Launch(lane.Stream, bands.Count, new PathGuide.Arguments { Plans = packed.Plans, Costs = packed.Costs, Rows = packed.Rows, Band = memory });
        if (narrow)
            _packed.Value.Launch(lane.Stream, bands.Count, new WavefrontBand.Arguments<uint> { Table = packed, Band = memory });
        _int.Value.Launch(lane.Stream, bands.Count, new WavefrontBand.Arguments<IntPair> { Table = wide, Band = memory });
        return memory.Outcomes;
    }

    private static int Quads(in DocumentPath document) => (int)(((long)document.TableRows + 3) / 4);
}
