using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The part of an alignment table that a cheapest path can use, with the same total, directions and ties as <see cref="WavefrontKernel"/>'s; one warp per document.</summary>
/// <remarks>
/// Exact: U, the sum of some path, is at least the least sum, and h, what is still to come after a cell (<see cref="BandPlan"/>), is at most what any path pays there. So f + h
/// over U at a cell means that every path through it costs more than U, and the cell may count as out of reach. Along a cheapest path f + h stays within U, since h falls by at
/// most the next cell's cost; so its cells keep their exact sums, and so does every neighbour that ties with one of them, while all others only grow. The walk back from
/// the end therefore makes the same choices. For the same reason a strip is over as soon as no cell of its front, which crosses every path that is not past it, has f + h within U, and
/// the next strip begins at the first row where one of its last column's cells has.
/// Steps are numbered as in the whole table and keep their places in memory; those that are left out are not written, and the walk never comes there.
/// </remarks>
internal static class WavefrontBand
{
    /// <summary>Packed cells of sm_90.</summary>
    [GpuKernel(threads: 32, registers: 96, Architecture = 90)]
    public static void Packed(Arguments<uint> arguments) => Run<PackedCell, uint>(arguments);

    /// <summary>Packed cells in plain C#.</summary>
    [GpuKernel(threads: 32, registers: 112)]
    public static void Twin(Arguments<uint> arguments) => Run<PackedTwin, uint>(arguments);

    /// <summary>32-bit cells, for limits that a packed cell does not hold.</summary>
    [GpuKernel(threads: 32, registers: 112)]
    public static void Int(Arguments<IntPair> arguments) => Run<IntCell, IntPair>(arguments);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<TCell, TValue>(Arguments<TValue> arguments)
        where TCell : struct, IPathCell<TValue>
        where TValue : unmanaged
    {
        BandPlan band = arguments.Band.Bands[Grid.IdxX];
        PathPlan plan = arguments.Table.Plans[band.Plan];
        int limit = arguments.Band.Outcomes[Grid.IdxX].Limit;
        if (limit < 0 || limit >= TCell.Limit || arguments.Table.Totals[plan.Index] >= 0)
            return;
        int lane = Warp.LaneIdx, n = plan.Document.SourceLength, m = plan.Document.TargetLength;
        int last = (m - 1) & (WavefrontKernel.StripColumns - 1), lastLane = last >> 4, lastHigh = (last >> 3) & 1;
        long work = 0;
        // Rows at which a path within the limit may enter the strip; the first strip is entered at its corner only.
        int low = 0, high = -1;
        for (int strip = 0; strip < plan.Strips; strip++)
        {
            bool atEnd = strip + 1 == plan.Strips;
            int steps = n + (atEnd ? (2 * lastLane) + lastHigh : WavefrontKernel.ExtraSteps);
            int column = strip * WavefrontKernel.StripColumns;
            // What the columns after the lane's, and after the strip's, still cost.
            int afterLane = arguments.Band.Remaining[band.Columns + Math.Min(column + (16 * lane) + 16, m)];
            int afterStrip = arguments.Band.Remaining[band.Columns + Math.Min(column + WavefrontKernel.StripColumns, m)];
            TValue outside = TCell.Outside();
            var front = new WavefrontKernel.Front<TValue>
            {
                V0 = outside, V1 = outside, V2 = outside, V3 = outside, V4 = outside, V5 = outside, V6 = outside, V7 = outside,
                Corner = strip == 0 && lane == 0 ? TCell.Start() : outside,
            };
            long costs = plan.Costs + ((long)strip * 32) + lane;
            WavefrontKernel.Walker<TValue, ByteCosts> walker = WavefrontKernel.Begin<TValue, ByteCosts>(arguments.Table, plan, front, costs, strip, low, lane);
            int firstOut = int.MaxValue, lastOut = -1, alive = 1;
            while (walker.Step < steps && alive != 0)
            {
                int first = walker.Step, end = Math.Min(first + 32, steps);
                walker.Front.Border = first + lane <= high ? arguments.Table.Border[(long)plan.Border + first + lane] : outside;
                walker = WavefrontKernel.Round<TCell, TValue, ByteCosts>(arguments.Table, walker, costs, end, lane);

                int behind = end - 32 + lane, row = behind - WavefrontKernel.ExtraSteps;
                if (!atEnd && behind >= first && row >= 0)
                {
                    arguments.Table.Border[(long)plan.Border + row] = walker.Front.Border;
                    if (TCell.Sum(walker.Front.Border, 1) + arguments.Band.Remaining[band.Rows + row + 1] + afterStrip <= limit)
                    {
                        firstOut = Math.Min(firstOut, row);
                        lastOut = row;
                    }
                }

                // Rows of the lane's cells in the front, at least: this one for its low columns, the one before for its high ones. Up to there h counts every later row.
                int front0 = end - 1 - (2 * lane);
                int afterFront = arguments.Band.Remaining[band.Rows + Math.Min(Math.Max(front0 + 1, 0), n)];
                bool within = front0 <= n && Least<TCell, TValue>(walker.Front) + afterFront + afterLane <= limit;
                alive = end <= high || WarpMath.Least(within ? 0 : 1) == 0 ? 1 : 0;
            }

            work += walker.Step - low;
            if (atEnd)
            {
                if (walker.Step == steps && lane == lastLane)
                {
                    long total = TCell.Sum(WavefrontKernel.Column(walker.Front, last & 7), lastHigh);
                    if (total <= limit)
                        arguments.Table.Totals[plan.Index] = total;
                    arguments.Band.Outcomes[Grid.IdxX] = new BandOutcome { Limit = limit, Done = total <= limit ? 1 : 0, Steps = work };
                }
            }
            else
            {
                low = WarpMath.Least(firstOut);
                high = -WarpMath.Least(-lastOut);
                if (high < 0)
                    return;
            }

            Warp.Barrier();
        }
    }

    /// <summary>The least sum of a front's cells and of the cells that only a diagonal move still leaves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Least<TCell, TValue>(WavefrontKernel.Front<TValue> front)
        where TCell : struct, IPathCell<TValue>
        where TValue : unmanaged
    {
        TValue one = TCell.Lesser(TCell.Lesser(front.V0, front.V1), TCell.Lesser(front.V2, front.V3));
        TValue other = TCell.Lesser(TCell.Lesser(front.V4, front.V5), TCell.Lesser(front.V6, front.V7));
        TValue least = TCell.Lesser(TCell.Lesser(one, other), front.Corner);
        return Math.Min(TCell.Sum(least, 0), TCell.Sum(least, 1));
    }

    /// <summary>Arguments of all kernels.</summary>
    /// <typeparam name="TValue">Two cells.</typeparam>
    internal struct Arguments<TValue>
        where TValue : unmanaged
    {
        /// <summary>The table's.</summary>
        public WavefrontArguments<TValue> Table;

        /// <summary>The bounds and limits; receives what was done.</summary>
        public BandMemory Band;
    }
}
