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
            var front = new Front<TValue>
            {
                V0 = outside, V1 = outside, V2 = outside, V3 = outside, V4 = outside, V5 = outside, V6 = outside, V7 = outside,
                Corner = strip == 0 && lane == 0 ? TCell.Start() : outside,
            };
            long costs = plan.Costs + ((long)strip * 32 * TCosts.Parts) + lane;
            Walker<TValue, TCosts> walker = Begin<TValue, TCosts>(arguments, plan, front, costs, strip, 0, lane);
            while (walker.Step < steps)
            {
                int first = walker.Step, end = Math.Min(first + 32, steps);
                walker.Front.Border = strip == 0 ? outside : arguments.Border[(long)plan.Border + first + lane];
                walker = Round<TCell, TValue, TCosts>(arguments, walker, costs, end, lane);

                // Lane l holds what left at step end - 32 + l, if that was in this round: lane 31's high column, 63 rows behind.
                int behind = end - 32 + lane;
                if (!atEnd && behind >= first && behind >= ExtraSteps)
                    arguments.Border[(long)plan.Border + behind - ExtraSteps] = walker.Front.Border;
            }

            if (atEnd && lane == lastLane)
            {
                long total = TCell.Sum(Column(walker.Front, last & 7), lastHigh);
                arguments.Totals[plan.Index] = total < TCell.Limit ? total : -1;
            }

            Warp.Barrier();
        }
    }

    /// <summary>A lane before step <paramref name="step"/> of a strip.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Walker<TValue, TCosts> Begin<TValue, TCosts>(WavefrontArguments<TValue> arguments, PathPlan plan, Front<TValue> front, long costs, int strip, int step, int lane)
        where TValue : unmanaged
        where TCosts : unmanaged, IPathCosts<TCosts>
    {
        long row = (long)plan.Rows + RowsBefore + step - (2 * lane);
        return new Walker<TValue, TCosts>
        {
            Front = front,
            Before = TCosts.Load(arguments.Costs, costs + arguments.Rows[row - 1]),
            Now = TCosts.Load(arguments.Costs, costs + arguments.Rows[row]),
            Following = arguments.Rows[row + 1],
            Row = row + 2,
            Word = plan.Directions + ((((long)strip * (plan.Document.SourceLength + ExtraSteps)) + step) * 32) + lane,
            Step = step,
        };
    }

    /// <summary>The steps up to <paramref name="end"/>, at most 32: as many as the values that a lane's border holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Walker<TValue, TCosts> Round<TCell, TValue, TCosts>(WavefrontArguments<TValue> arguments, Walker<TValue, TCosts> walker, long costs, int end, int lane)
        where TCell : struct, IPathCell<TValue>
        where TValue : unmanaged
        where TCosts : unmanaged, IPathCosts<TCosts>
    {
        while (walker.Step < end)
        {
            int pause = Math.Min(walker.Step + RowsBetweenLimits, end);
            // Two steps a round: values then move between registers by name only.
            while (walker.Step + 2 <= pause)
            {
                TCosts next = TCosts.Load(arguments.Costs, costs + walker.Following);
                walker.Following = arguments.Rows[walker.Row];
                walker.Front = Step<TCell, TValue, TCosts>(walker.Front, walker.Now, walker.Before, lane);
                arguments.Directions[walker.Word] = walker.Front.Directions;
                walker.Before = TCosts.Load(arguments.Costs, costs + walker.Following);
                walker.Following = arguments.Rows[walker.Row + 1];
                walker.Front = Step<TCell, TValue, TCosts>(walker.Front, next, walker.Now, lane);
                arguments.Directions[walker.Word + 32] = walker.Front.Directions;
                walker.Now = walker.Before;
                walker.Before = next;
                walker.Row += 2;
                walker.Word += 64;
                walker.Step += 2;
            }

            if (walker.Step < pause)
            {
                TCosts next = TCosts.Load(arguments.Costs, costs + walker.Following);
                walker.Following = arguments.Rows[walker.Row];
                walker.Front = Step<TCell, TValue, TCosts>(walker.Front, walker.Now, walker.Before, lane);
                arguments.Directions[walker.Word] = walker.Front.Directions;
                walker.Before = walker.Now;
                walker.Now = next;
                walker.Row++;
                walker.Word += 32;
                walker.Step++;
            }

            walker.Front = Hold<TCell, TValue>(walker.Front);
        }

        return walker;
    }

    /// <summary>The cells of one of a lane's eight columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TValue Column<TValue>(Front<TValue> front, int k)
        where TValue : unmanaged =>
        k == 0 ? front.V0 : k == 1 ? front.V1 : k == 2 ? front.V2 : k == 3 ? front.V3 : k == 4 ? front.V4 : k == 5 ? front.V5 : k == 6 ? front.V6 : front.V7;

    /// <summary>One step of a warp: eight pairs of cells per lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Front<TValue> Step<TCell, TValue, TCosts>(Front<TValue> front, TCosts row, TCosts before, int lane)
        where TCell : struct, IPathCell<TValue>
        where TValue : unmanaged
        where TCosts : unmanaged, IPathCosts<TCosts>
    {
        Front<TValue> next = default;
        TValue fromLeft = TCell.FromLaneBefore(front.V7);
        TValue left = TCell.Join(lane == 0 ? front.Border : fromLeft, front.V7);
        next.Corner = left;
        CostPairs pairs = TCosts.Pairs(row, before);
        TValue least0 = TCell.Least(front.Corner, front.V0, left);
        uint from0 = TCell.Directions(least0);
        next.V0 = TCell.Add(least0, from0, pairs.P0);
        TValue least1 = TCell.Least(front.V0, front.V1, next.V0);
        uint from1 = TCell.Directions(least1);
        next.V1 = TCell.Add(least1, from1, pairs.P1);
        TValue least2 = TCell.Least(front.V1, front.V2, next.V1);
        uint from2 = TCell.Directions(least2);
        next.V2 = TCell.Add(least2, from2, pairs.P2);
        TValue least3 = TCell.Least(front.V2, front.V3, next.V2);
        uint from3 = TCell.Directions(least3);
        next.V3 = TCell.Add(least3, from3, pairs.P3);
        TValue least4 = TCell.Least(front.V3, front.V4, next.V3);
        uint from4 = TCell.Directions(least4);
        next.V4 = TCell.Add(least4, from4, pairs.P4);
        TValue least5 = TCell.Least(front.V4, front.V5, next.V4);
        uint from5 = TCell.Directions(least5);
        next.V5 = TCell.Add(least5, from5, pairs.P5);
        TValue least6 = TCell.Least(front.V5, front.V6, next.V5);
        uint from6 = TCell.Directions(least6);
        next.V6 = TCell.Add(least6, from6, pairs.P6);
        TValue least7 = TCell.Least(front.V6, front.V7, next.V6);
        uint from7 = TCell.Directions(least7);
        next.V7 = TCell.Add(least7, from7, pairs.P7);
        next.Directions = (((((((((((((from0 * 4) + from1) * 4) + from2) * 4) + from3) * 4) + from4) * 4) + from5) * 4) + from6) * 4) + from7;
        TValue moved = TCell.FromLaneAfter(front.Border);
        next.Border = lane == 31 ? next.V7 : moved;
        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Front<TValue> Hold<TCell, TValue>(Front<TValue> front)
        where TCell : struct, IPathCell<TValue>
        where TValue : unmanaged
    {
        front.V0 = TCell.Hold(front.V0);
        front.V1 = TCell.Hold(front.V1);
        front.V2 = TCell.Hold(front.V2);
        front.V3 = TCell.Hold(front.V3);
        front.V4 = TCell.Hold(front.V4);
        front.V5 = TCell.Hold(front.V5);
        front.V6 = TCell.Hold(front.V6);
        front.V7 = TCell.Hold(front.V7);
        return front;
    }

    /// <summary>What a lane carries from step to step.</summary>
    internal struct Front<TValue>
        where TValue : unmanaged
    {
        /// <summary>The sums of column k in the low half, of column 8 + k, one row behind, in the high half.</summary>
        public TValue V0, V1, V2, V3, V4, V5, V6, V7;

        /// <summary>What was left of column 0 in the step before: its diagonal neighbour now.</summary>
        public TValue Corner;

        /// <summary>Comes in at lane 0 and moves down a lane per step; what leaves lane 31 follows it.</summary>
        public TValue Border;

        /// <summary>Two bits for each of the 16 cells of the last step, column 0 and 8 highest in their halves.</summary>
        public uint Directions;
    }

    /// <summary>A lane within a strip: its cells, and the costs and places of its next steps.</summary>
    internal struct Walker<TValue, TCosts>
        where TValue : unmanaged
        where TCosts : unmanaged
    {
        /// <summary>The cells.</summary>
        public Front<TValue> Front;

        /// <summary>Costs of the row before this step's, for the high halves.</summary>
        public TCosts Before;

        /// <summary>Costs of this step's row.</summary>
        public TCosts Now;

        /// <summary>Offset of the next step's row of costs.</summary>
        public int Following;

        /// <summary>Where the offset after that one lies.</summary>
        public long Row;

        /// <summary>Where this step's directions go.</summary>
        public long Word;

        /// <summary>The step to come: lane 0's row.</summary>
        public int Step;
    }
}
