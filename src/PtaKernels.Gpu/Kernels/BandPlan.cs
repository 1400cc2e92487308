using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>A document whose table is computed in part, with the places of the bounds that decide which part: 32 bytes.</summary>
/// <remarks>
/// The bounds: row_bound[a] + column_bound[b] is at most the cost of (a, b) for every pair of distinct tokens. A path visits every later row and every later column at least
/// once, and a cell that is the first of both pays for both, so after a cell of row i and column j at least rows[i + 1] + columns[j + 1] is still to come: the sums of the
/// bounds of all later positions.
/// </remarks>
internal struct BandPlan
{
    /// <summary>Its place among the <see cref="PathPlan"/>s.</summary>
    public int Plan;

    /// <summary>First of its source positions' sums: [i] is the least cost of rows i and later, [length] is 0.</summary>
    public int Rows;

    /// <summary>First of its target positions' sums.</summary>
    public int Columns;

    /// <summary>First of its table's row bounds, four bytes to a word.</summary>
    public int RowBounds;

    /// <summary>First of its table's column bounds.</summary>
    public int ColumnBounds;
}

/// <summary>What became of a document's band.</summary>
internal struct BandOutcome
{
    /// <summary>The sum of some path, which bounds the least; -1 if the whole table is computed, because no path was found or the bounds are too loose.</summary>
    public int Limit;

    /// <summary>1 if the band gave the total and the path.</summary>
    public int Done;

    /// <summary>Steps of a warp, of <see cref="WavefrontKernel.StripColumns"/> cells each.</summary>
    public long Steps;
}

/// <summary>The arrays of the bands.</summary>
internal struct BandMemory
{
    /// <summary>[bands] one each.</summary>
    public ArrayView<BandPlan> Bands;

    /// <summary>The sums of bounds.</summary>
    public ArrayView<int> Remaining;

    /// <summary>Scratch: the bounds of rows and columns of the tables.</summary>
    public ArrayView<uint> Bounds;

    /// <summary>[bands] receives what became of each.</summary>
    public ArrayView<BandOutcome> Outcomes;
}
