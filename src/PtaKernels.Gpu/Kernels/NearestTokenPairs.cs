using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace PtaKernels.Gpu;

/// <summary>Nearest tokens by one distance after the other, a warp per query: the smallest key (distance, target id) wins, whatever the order.</summary>
internal static class NearestTokenPairs
{
    /// <summary>The key of a query without a nearest token.</summary>
    public const ulong None = ulong.MaxValue;

    /// <summary>Lowers the keys of all queries by listed target tokens, except by pairs of two tokens over <see cref="EditDistancePair.LongestPattern"/>.</summary>
    [GpuKernel(threads: 256, registers: 64)]
    public static void Listed(Arguments arguments)
    {
        int query = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize;
        if (query >= arguments.Queries.Length)
            return;
        TokenEntry source = arguments.Source.Tokens[arguments.Queries[query]];
        if (arguments.OnlyRest != 0 && SlicedWalk.Takes(source))
            return;
        ulong best = arguments.Keys[query];
        for (int at = Warp.LaneIdx; at < arguments.TargetIds.Length; at += Warp.WarpSize)
        {
            int id = arguments.TargetIds[at];
            TokenEntry target = arguments.Target.Tokens[id];
            if (!MayMeet(source, target))
                continue;
            int distance = 0;
            if (source.IsSpecial)
            {
                if (!EditDistancePair.SpecialsMatch(arguments.Source, source, arguments.Target, target))
                    continue;
            }
            else
            {
                // No distance is below the difference of the lengths.
                if (Key(Math.Abs(source.Length - target.Length), id) >= best)
                    continue;
                distance = EditDistancePair.Of(arguments.Source, source, arguments.Target, target);
                if (distance < 0)
                    continue;
            }

            best = Math.Min(best, Key(distance, id));
        }

        best = WarpExtensions.Reduce<ulong, MinUInt64>(best);
        if (Warp.IsFirstLane)
            arguments.Keys[query] = best;
    }

    /// <summary>The pairs that <see cref="Listed"/> left out.</summary>
    [GpuKernel(threads: 128, registers: 96)]
    public static void LongPairs(Arguments arguments)
    {
        int warp = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize, warps = Grid.DimX * Group.DimX / Warp.WarpSize;
        ArrayView<byte> carry = arguments.Carry.SubView(warp * arguments.CarryLength, arguments.CarryLength);
        for (int query = warp; query < arguments.Queries.Length; query += warps)
        {
            TokenEntry source = arguments.Source.Tokens[arguments.Queries[query]];
            if (!EditDistanceLong.IsLong(source))
                continue;
            ulong best = arguments.Keys[query];
            for (int at = 0; at < arguments.TargetIds.Length; at++)
            {
                int id = arguments.TargetIds[at];
                TokenEntry target = arguments.Target.Tokens[id];
                if (!EditDistanceLong.IsLong(target) || !MayMeet(source, target) || Key(Math.Abs(source.Length - target.Length), id) >= best)
                    continue;
                best = Math.Min(best, Key(EditDistanceLong.Of(arguments.Source, source, arguments.Target, target, carry), id));
            }

            // Every lane has the same key, and has read the old one.
            Warp.Barrier();
            if (Warp.IsFirstLane)
                arguments.Keys[query] = best;
        }
    }

    /// <summary>Keys to tokens and distances, a thread per query.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void Finish(FinishArguments arguments)
    {
        int query = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (query >= arguments.Keys.Length)
            return;
        ulong key = arguments.Keys[query];
        arguments.Nearest[query] = key == None ? VocabularyMap.None : (int)(uint)key;
        arguments.Distance[query] = key == None ? 0 : (int)(key >> 32);
    }

    /// <summary>Orders by distance, then by id.</summary>
    public static ulong Key(int distance, int id) => ((ulong)(uint)distance << 32) | (uint)id;

    private static bool MayMeet(TokenEntry source, TokenEntry target) =>
        ((source.Roles | target.Roles) & (int)TokenRoles.Hole) == 0 && source.IsSpecial == target.IsSpecial;

    /// <summary>Arguments of the searches.</summary>
    internal struct Arguments
    {
        /// <summary>Tape of the queries.</summary>
        public TapeView Source;

        /// <summary>Tape that is searched.</summary>
        public TapeView Target;

        /// <summary>[queries] ids on the source tape.</summary>
        public ArrayView<int> Queries;

        /// <summary>Ids on the target tape.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>Not 0: <see cref="Listed"/> leaves out the queries that <see cref="SlicedWalk.Takes"/> accepts.</summary>
        public int OnlyRest;

        /// <summary>[queries] the smallest <see cref="Key"/> so far.</summary>
        public ArrayView<ulong> Keys;

        /// <summary>[warps, <see cref="CarryLength"/>] scratch of <see cref="LongPairs"/>.</summary>
        public ArrayView<byte> Carry;

        /// <summary>Scratch of a warp: see <see cref="EditDistanceLong.Of"/>.</summary>
        public long CarryLength;
    }

    /// <summary>Arguments of <see cref="Finish"/>.</summary>
    internal struct FinishArguments
    {
        /// <summary>[queries] keys.</summary>
        public ArrayView<ulong> Keys;

        /// <summary>[queries] target ids or <see cref="VocabularyMap.None"/>.</summary>
        public ArrayView<int> Nearest;

        /// <summary>[queries] distances; 0 where there is none.</summary>
        public ArrayView<int> Distance;
    }
}
