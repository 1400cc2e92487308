using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Fills the alignment tables (paper Eq 1) of many documents, one warp each, and keeps two bits of direction per cell.</summary>
/// <remarks>
/// A strip of 512 columns at a time. A lane owns 16 columns, eight in the low halves of its registers and eight in the high ones, the high ones a row behind; each
/// lane is two rows behind the lane before it. So at step s lane l does row s - 2l of its low columns and row s - 2l - 1 of its high columns, and one shuffle per step
/// brings the column to its left. A step's 32 direction words are one row of memory. Rows outside the table are done as well, on sums that are out of reach, so that
/// nothing in the loop asks where it is.
/// </remarks>
internal static class WavefrontKernel
{
    /// <summary>Columns of a strip.</summary>
    public const int StripColumns = 512;

    /// <summary>Steps that a strip takes beyond one per row.</summary>
    public const int ExtraSteps = 63;

    /// <summary>Row offsets before row 0: what the last lane reads in step 0.</summary>
    public const int RowsBefore = 64;

    /// <summary>Row offsets after the last row: the first lane's in the last steps, and two that are loaded ahead.</summary>
    public const int RowsAfter = 72;

    /// <summary>Rows after which sums are held at the limit.</summary>
    public const int RowsBetweenLimits = 8;

    /// <summary>8-bit costs, packed cells of sm_90.</summary>
    [GpuKernel(threads: 32, registers: 72, Architecture = 90)]
    public static void Packed(WavefrontArguments<uint> arguments) => Run<PackedCell, uint, ByteCosts>(arguments);

    /// <summary>8-bit costs, packed cells in plain C#.</summary>
    [GpuKernel(threads: 32, registers: 96)]
    public static void Twin(WavefrontArguments<uint> arguments) => Run<PackedTwin, uint, ByteCosts>(arguments);

    /// <summary>8-bit costs, 32-bit cells.</summary>
    [GpuKernel(threads: 32, registers: 96)]
    public static void Int(WavefrontArguments<IntPair> arguments) => Run<IntCell, IntPair, ByteCosts>(arguments);

    /// <summary>8-bit costs, 64-bit cells.</summary>
    [GpuKernel(threads: 32, registers: 128)]
    public static void Long(WavefrontArguments<LongPair> arguments) => Run<LongCell, LongPair, ByteCosts>(arguments);

    /// <summary>16-bit costs, 32-bit cells.</summary>
    [GpuKernel(threads: 32, registers: 96)]
    public static void ShortInt(WavefrontArguments<IntPair> arguments) => Run<IntCell, IntPair, ShortCosts>(arguments);

    /// <summary>16-bit costs, 64-bit cells.</summary>
    [GpuKernel(threads: 32, registers: 128)]
    public static void ShortLong(WavefrontArguments<LongPair> arguments) => Run<LongCell, LongPair, ShortCosts>(arguments);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<TCell, TValue, TCosts>(WavefrontArguments<TValue> arguments)
        where TCell : struct, IPathCell<TValue>
        where TValue : unmanaged
        where TCosts : unmanaged, IPathCosts<TCosts>
    {
        PathPlan plan = arguments.Plans[Grid.IdxX];
        if (arguments.Totals[plan.Index] >= 0)
            return;
        int lane = Warp.LaneIdx, n = plan.Document.SourceLength;
        int last = (plan.Document.TargetLength - 1) & (StripColumns - 1); // last column within its strip
        int lastLane = last >> 4, lastHigh = (last >> 3) & 1;
        for (int strip = 0; strip < plan.Strips; strip++)
        {
            bool atEnd = strip + 1 == plan.Strips;
            // The last strip is over when the last cell of the path is known.
            int steps = n + (atEnd ? (2 * lastLane) + lastHigh : ExtraSteps);
            TValue outside = TCell.Outside();
            TValue v0 = outside, v1 = outside, v2 = outside, v3 = outside, v4 = outside, v5 = outside, v6 = outside, v7 = outside;
            TValue corner = strip == 0 && lane == 0 ? TCell.Start() : outside;
            long costs = plan.Costs + ((long)strip * 32 * TCosts.Parts) + lane;
            long row = (long)plan.Rows + RowsBefore - (2 * lane);
            long word = plan.Directions + ((long)strip * (n + ExtraSteps) * 32) + lane;
            TCosts before = TCosts.Load(arguments.Costs, costs + arguments.Rows[row - 1]);
            TCosts now = TCosts.Load(arguments.Costs, costs + arguments.Rows[row]);
            int following = arguments.Rows[row + 1];
            row += 2;
            int step = 0;
            while (step < steps)
            {
                int first = step, end = Math.Min(step + 32, steps);
                // Comes in at lane 0 and moves down a lane per step; what leaves lane 31 follows it.
                TValue border = strip == 0 ? outside : arguments.Border[(long)plan.Border + step + lane];
                while (step < end)
                {
                    int pause = Math.Min(step + RowsBetweenLimits, end);
                    while (step < pause)
                    {
                        TCosts next = TCosts.Load(arguments.Costs, costs + following);
                        following = arguments.Rows[row];
                        row++;
                        TValue fromLeft = TCell.FromLaneBefore(v7);
                        TValue left = TCell.Join(lane == 0 ? border : fromLeft, v7);
                        CostPairs pairs = TCosts.Pairs(now, before);
                        TValue least = TCell.Least(corner, v0, left);
                        uint from = TCell.Directions(least), directions = from;
                        corner = left;
                        TValue up = v0;
                        v0 = TCell.Add(least, from, pairs.P0);
                        least = TCell.Least(up, v1, v0);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        up = v1;
                        v1 = TCell.Add(least, from, pairs.P1);
                        least = TCell.Least(up, v2, v1);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        up = v2;
                        v2 = TCell.Add(least, from, pairs.P2);
                        least = TCell.Least(up, v3, v2);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        up = v3;
                        v3 = TCell.Add(least, from, pairs.P3);
                        least = TCell.Least(up, v4, v3);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        up = v4;
                        v4 = TCell.Add(least, from, pairs.P4);
                        least = TCell.Least(up, v5, v4);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        up = v5;
                        v5 = TCell.Add(least, from, pairs.P5);
                        least = TCell.Least(up, v6, v5);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        up = v6;
                        v6 = TCell.Add(least, from, pairs.P6);
                        least = TCell.Least(up, v7, v6);
                        from = TCell.Directions(least);
                        directions = (directions * 4) + from;
                        v7 = TCell.Add(least, from, pairs.P7);
                        arguments.Directions[word] = directions;
                        word += 32;
                        TValue moved = TCell.FromLaneAfter(border);
                        border = lane == 31 ? v7 : moved;
                        before = now;
                        now = next;
                        step++;
                    }

                    v0 = TCell.Hold(v0);
                    v1 = TCell.Hold(v1);
                    v2 = TCell.Hold(v2);
                    v3 = TCell.Hold(v3);
                    v4 = TCell.Hold(v4);
                    v5 = TCell.Hold(v5);
                    v6 = TCell.Hold(v6);
                    v7 = TCell.Hold(v7);
                }

                // Lane l holds what left at step end - 32 + l, if that was in this round: lane 31's high column, 63 rows behind.
                int behind = end - 32 + lane;
                if (!atEnd && behind >= first && behind >= ExtraSteps)
                    arguments.Border[(long)plan.Border + behind - ExtraSteps] = border;
            }

            if (atEnd && lane == lastLane)
            {
                int k = last & 7;
                TValue value = k == 0 ? v0 : k == 1 ? v1 : k == 2 ? v2 : k == 3 ? v3 : k == 4 ? v4 : k == 5 ? v5 : k == 6 ? v6 : v7;
                long total = TCell.Sum(value, lastHigh);
                arguments.Totals[plan.Index] = total < TCell.Limit ? total : -1;
            }

            Warp.Barrier();
        }
    }
}
