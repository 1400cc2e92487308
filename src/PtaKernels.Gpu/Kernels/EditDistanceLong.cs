using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace PtaKernels.Gpu;

/// <summary>Pairs of long tokens, a warp each: the shorter token lies down the lanes, 32 symbols in each, and the columns pass through them like a pipeline.</summary>
internal static class EditDistanceLong
{
    /// <summary>Rows that the lanes of a warp hold at once.</summary>
    public const int StripRows = 32 * 32;

    /// <summary>u8; pairs that <see cref="EditDistancePacked.Rest"/> left out.</summary>
    [GpuKernel(threads: 128, registers: 96)]
    public static void TableBytes(Arguments<byte> arguments) => Run<byte, ByteWidth>(arguments);

    /// <summary>u16; pairs that <see cref="EditDistanceTables.Words"/> left out.</summary>
    [GpuKernel(threads: 128, registers: 96)]
    public static void TableWords(Arguments<ushort> arguments) => Run<ushort, WordWidth>(arguments);

    private static void Run<T, TWidth>(Arguments<T> arguments)
        where T : unmanaged
        where TWidth : struct, ICostWidth<T>
    {
        int warp = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize, warps = Grid.DimX * Group.DimX / Warp.WarpSize;
        ArrayView<byte> carry = arguments.Carry.SubView(warp * arguments.CarryLength, arguments.CarryLength);
        for (int d = 0; d < arguments.Documents.Length; d++)
        {
            DocumentTable document = arguments.Documents[d];
            for (int row = warp; row < document.SourceCount; row += warps)
            {
                TokenEntry source = arguments.Source.Tokens[arguments.SourceIds[document.SourceStart + row]];
                if (!IsLong(source))
                    continue;
                for (int column = 0; column < document.TargetCount; column++)
                {
                    TokenEntry target = arguments.Target.Tokens[arguments.TargetIds[document.TargetStart + column]];
                    if (!IsLong(target))
                        continue;
                    int distance = Of(arguments.Source, source, arguments.Target, target, carry);
                    if (Warp.IsFirstLane)
                    {
                        arguments.Cost[document.CostStart + ((long)row * document.TargetCount) + column] = TWidth.Of(distance);
                        if (distance > TWidth.Most)
                            arguments.Range[d] = 1;
                    }
                }
            }
        }
    }

    /// <summary>Whether a token, beside another such, is left to this class.</summary>
    public static bool IsLong(TokenEntry token) => !token.IsSpecial && token.Length > EditDistancePair.LongestPattern;

    /// <summary>Distance of two ordinary tokens; all lanes of the warp call it together and get it.</summary>
    /// <param name="source">Tape of the one.</param>
    /// <param name="a">The one.</param>
    /// <param name="target">Tape of the other.</param>
    /// <param name="b">The other.</param>
    /// <param name="carry">
    /// Scratch of this warp, a byte for each symbol of the longer token: the horizontal differences, plus 1, between one strip of <see cref="StripRows"/>
    /// rows and the next. Not touched where the shorter token fits one strip.
    /// </param>
    public static int Of(TapeView source, TokenEntry a, TapeView target, TokenEntry b, ArrayView<byte> carry)
    {
        bool swap = b.Length < a.Length;
        ArrayView<SymbolQuad> pattern = swap ? target.Quads : source.Quads, text = swap ? source.Quads : target.Quads;
        TokenEntry shorter = swap ? b : a, longer = swap ? a : b;
        int m = shorter.Length, n = longer.Length, lane = Warp.LaneIdx, sum = 0;
        for (int strip = 0; strip < m; strip += StripRows)
        {
            int firstRow = strip + (32 * lane);
            int held = Math.Max(0, Math.Min(32, m - firstRow));
            bool last = strip + StripRows >= m;
            uint positive = uint.MaxValue, negative = 0;
            int down = 0;
            for (int step = 0; step < n + 31; step++)
            {
                // The difference that the lane above found a step ago, in this lane's column.
                int above = Warp.ShuffleUp(down, 1);
                int column = step - lane;
                if (column < 0 || column >= n)
                    continue;
                if (lane == 0)
                    above = strip == 0 ? 1 : carry[column] - 1;
                uint equal = 0;
                int symbol = SymbolAt(text, longer.Start, column);
                for (int q = 0; q < (held + 3) >> 2; q++)
                    equal |= EditDistancePair.Matches(pattern[shorter.Start + (firstRow >> 2) + q], symbol) << (4 * q);
                uint fromAbove = above < 0 ? 1u : 0;
                uint vertical = equal | negative;
                uint withAbove = equal | fromAbove;
                uint diagonal = (((withAbove & positive) + positive) ^ positive) | withAbove;
                uint right = negative | ~(diagonal | positive), left = positive & diagonal;
                down = (int)(right >> 31) - (int)(left >> 31);
                right = (right << 1) | (above > 0 ? 1u : 0);
                left = (left << 1) | fromAbove;
                positive = left | ~(vertical | right);
                negative = right & vertical;
                if (lane == 31 && !last)
                    carry[column] = (byte)(down + 1);
            }

            uint rows = (uint)((1UL << held) - 1);
            sum += XMath.PopCount(positive & rows) - XMath.PopCount(negative & rows);
            // The next strip's first lane reads what the last lane wrote.
            Warp.Barrier();
        }

        return n + WarpExtensions.AllReduce<int, AddInt32>(sum);
    }

    private static int SymbolAt(ArrayView<SymbolQuad> quads, int start, int symbol)
    {
        SymbolQuad quad = quads[start + (symbol >> 2)];
        int low = (symbol & 1) == 0 ? quad.X : quad.Y, high = (symbol & 1) == 0 ? quad.Z : quad.W;
        return (symbol & 2) == 0 ? low : high;
    }

    /// <summary>Arguments of the kernels over tables.</summary>
    /// <typeparam name="T">Type of a cost.</typeparam>
    internal struct Arguments<T>
        where T : unmanaged
    {
        /// <summary>Tape of the rows.</summary>
        public TapeView Source;

        /// <summary>Tape of the columns.</summary>
        public TapeView Target;

        /// <summary>Ids on the source tape.</summary>
        public ArrayView<int> SourceIds;

        /// <summary>Ids on the target tape.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>[documents].</summary>
        public ArrayView<DocumentTable> Documents;

        /// <summary>Costs.</summary>
        public ArrayView<T> Cost;

        /// <summary>[documents] becomes 1 where a distance did not fit.</summary>
        public ArrayView<int> Range;

        /// <summary>[warps, <see cref="CarryLength"/>] scratch.</summary>
        public ArrayView<byte> Carry;

        /// <summary>Scratch of a warp.</summary>
        public long CarryLength;
    }
}
