namespace PtaKernels.Gpu;

/// <summary>Two cells of the alignment table at once, low and high, in one of several widths.</summary>
/// <remarks>
/// A value is 4 f, so its two lowest bits are free: the minimum of diagonal, up + 1 and left + 2 holds the sum and, in those bits, the direction of
/// <c>PathDirection</c> with ties as they must be.
/// Values over a width's limit are held near it: such a cell counts as out of reach. Cells on the best path are exact, and so is every tie with one, as
/// long as the total is below the limit; at or over it a wider cell has to do the table again.
/// </remarks>
/// <typeparam name="TValue">The two values.</typeparam>
internal interface IPathCell<TValue>
    where TValue : unmanaged
{
    /// <summary>Totals of this many and more need a wider cell.</summary>
    static abstract long Limit { get; }

    /// <summary>Both cells out of reach: 4 <see cref="Limit"/>.</summary>
    static abstract TValue Outside();

    /// <summary>Low: the sum 0 before the first cell of a path. High: out of reach.</summary>
    static abstract TValue Start();

    /// <summary>The least of the neighbours, with its direction in the two lowest bits.</summary>
    static abstract TValue Least(TValue diagonal, TValue up, TValue left);

    /// <summary>The directions of <see cref="Least"/>: low at bit 0, high at bit 16.</summary>
    static abstract uint Directions(TValue least);

    /// <summary>Takes the directions off and adds the costs, low in bits 0..15, high in bits 16..31.</summary>
    static abstract TValue Add(TValue least, uint directions, uint costs);

    /// <summary>Values over the limit become the limit. Between two calls a value grows by at most <see cref="WavefrontKernel.RowsBetweenLimits"/> costs.</summary>
    static abstract TValue Hold(TValue value);

    /// <summary>The lesser of two low values with the lesser of two high ones.</summary>
    static abstract TValue Lesser(TValue one, TValue other);

    /// <summary>Low: the high value of the lane to the left. High: this lane's low value.</summary>
    static abstract TValue Join(TValue left, TValue own);

    /// <summary>The value of the lane before this one.</summary>
    static abstract TValue FromLaneBefore(TValue value);

    /// <summary>The value of the lane after this one.</summary>
    static abstract TValue FromLaneAfter(TValue value);

    /// <summary>The sum of one of the two cells.</summary>
    static abstract long Sum(TValue value, int high);
}
