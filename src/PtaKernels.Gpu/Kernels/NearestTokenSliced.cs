using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace PtaKernels.Gpu;

/// <summary>Nearest tokens, bit-sliced: a warp takes a query and goes through the groups from its own length outwards.</summary>
internal static class NearestTokenSliced
{
    /// <summary>
    /// Lowers the keys of the queries that <see cref="SlicedWalk.Takes"/> accepts by all tokens with slots. A group is left out, and all further away, once the
    /// difference of the lengths is over the best distance; an equal one may still hold a smaller id.
    /// </summary>
    [GpuKernel(threads: 256, registers: 96)]
    public static void Search(Arguments arguments) => Run<Lop3Logic>(arguments);

    /// <summary><see cref="Search"/> in plain C#.</summary>
    [GpuKernel(threads: 256, registers: 96)]
    public static void SearchPlain(Arguments arguments) => Run<PlainLogic>(arguments);

    private static void Run<TLogic>(Arguments arguments)
        where TLogic : struct, ISlicedLogic
    {
        int query = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize;
        if (query >= arguments.Queries.Length)
            return;
        TokenEntry source = arguments.Source.Tokens[arguments.Queries[query]];
        if (!SlicedWalk.Takes(source) || (source.Roles & (int)TokenRoles.Hole) != 0)
            return;
        int groups = (int)arguments.View.Groups.Length, above = 0, lane = Warp.LaneIdx;
        while (above < groups && arguments.View.Groups[above].Longest < source.Length)
            above++;
        int below = above - 1;
        ulong best = arguments.Keys[query];
        while (true)
        {
            int gapAbove = above < groups ? Math.Max(0, arguments.View.Groups[above].Shortest - source.Length) : int.MaxValue;
            int gapBelow = below >= 0 ? source.Length - arguments.View.Groups[below].Longest : int.MaxValue;
            bool goAbove = gapAbove <= gapBelow;
            int gap = goAbove ? gapAbove : gapBelow, group = goAbove ? above : below;
            if (gap == int.MaxValue || NearestTokenPairs.Key(gap, 0) > best)
                break;
            above += goAbove ? 1 : 0;
            below -= goAbove ? 0 : 1;
            int length = arguments.View.WordLengths[(group * 32) + lane];
            SlicedCount counts = SlicedWalk.Counts<TLogic>(arguments.View, group, source, length);
            ulong key = Smallest(arguments, counts, group, lane, source.Length - length, best);
            best = WarpExtensions.AllReduce<ulong, MinUInt64>(key);
        }

        if (lane == 0)
            arguments.Keys[query] = best;
    }

    // The smallest key of this lane's word, or the best so far. Slots ascend by id, so the first slot of the smallest count is the one.
    private static ulong Smallest(Arguments arguments, SlicedCount counts, int group, int lane, int rest, ulong best)
    {
        uint left = arguments.Filled[(group * 32) + lane];
        if (left == 0)
            return best;
        int count = 0;
        uint without = left & ~counts.Bit5;
        count += without == 0 ? 32 : 0;
        left = without == 0 ? left : without;
        without = left & ~counts.Bit4;
        count += without == 0 ? 16 : 0;
        left = without == 0 ? left : without;
        without = left & ~counts.Bit3;
        count += without == 0 ? 8 : 0;
        left = without == 0 ? left : without;
        without = left & ~counts.Bit2;
        count += without == 0 ? 4 : 0;
        left = without == 0 ? left : without;
        without = left & ~counts.Bit1;
        count += without == 0 ? 2 : 0;
        left = without == 0 ? left : without;
        without = left & ~counts.Bit0;
        count += without == 0 ? 1 : 0;
        left = without == 0 ? left : without;
        int distance = count + rest;
        if (NearestTokenPairs.Key(distance, 0) > best)
            return best;
        int slot = (group * LengthSort.GroupSlots) + (lane * 32) + XMath.TrailingZeroCount(left);
        return Math.Min(best, NearestTokenPairs.Key(distance, arguments.Ids[arguments.Slots[slot]]));
    }

    /// <summary>Which slots of each word hold a token; a thread per word.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void FindFilled(FilledArguments arguments)
    {
        int word = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (word >= arguments.Filled.Length)
            return;
        uint filled = 0;
        for (int bit = 0; bit < 32; bit++)
            filled |= arguments.Slots[(word * 32) + bit] >= 0 ? 1u << bit : 0;
        arguments.Filled[word] = filled;
    }

    /// <summary>Arguments of <see cref="FindFilled"/>.</summary>
    internal struct FilledArguments
    {
        /// <summary>[words, 32] positions in the list, or -1.</summary>
        public ArrayView<int> Slots;

        /// <summary>[words] a bit per slot.</summary>
        public ArrayView<uint> Filled;
    }

    /// <summary>Arguments of <see cref="Search"/>.</summary>
    internal struct Arguments
    {
        /// <summary>Tape of the queries.</summary>
        public TapeView Source;

        /// <summary>[queries] ids on it.</summary>
        public ArrayView<int> Queries;

        /// <summary>The tokens with slots.</summary>
        public SlicedView View;

        /// <summary>[groups, 1024] positions in the list of ids.</summary>
        public ArrayView<int> Slots;

        /// <summary>The list that was sorted, ascending.</summary>
        public ArrayView<int> Ids;

        /// <summary>[groups, 32] a bit per slot that holds a token.</summary>
        public ArrayView<uint> Filled;

        /// <summary>[queries] the smallest key so far.</summary>
        public ArrayView<ulong> Keys;
    }
}
