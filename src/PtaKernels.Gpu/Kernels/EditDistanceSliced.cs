using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Large cost matrices, bit-sliced: a warp takes a row over one tile of columns, 1,024 of them at a time.</summary>
/// <remarks>Distances come out in the order of length; they are put in the order of columns in the block's memory, so that rows are written whole.</remarks>
internal static class EditDistanceSliced
{
    private const int TileBytes = LengthSort.TileGroups * LengthSort.GroupSlots;
    // In larger blocks ptxas saves registers for one block more and spills.
    private const int Warps = 4;

    /// <summary>u8; blocks go through the rows of one tile after the other. Rows that <see cref="SlicedWalk.Takes"/> refuses are left out.</summary>
    [GpuKernel(threads: 32 * Warps, registers: 96, LeastBlocks = 1)]
    public static void Rows(Arguments arguments) => Run<Lop3Logic>(arguments);

    /// <summary><see cref="Rows"/> in plain C#.</summary>
    [GpuKernel(threads: 32 * Warps, registers: 96, LeastBlocks = 1)]
    public static void RowsPlain(Arguments arguments) => Run<PlainLogic>(arguments);

    private static void Run<TLogic>(Arguments arguments)
        where TLogic : struct, ISlicedLogic
    {
        ArrayView<uint> scratch = SharedMemory.Allocate1D<uint>(Warps * TileBytes / 4).AsContiguous();
        ArrayView<uint> words = scratch.SubView(Group.IdxX / Warp.WarpSize * (TileBytes / 4), TileBytes / 4);
        ArrayView<byte> bytes = words.Cast<byte>();
        int blocks = Grid.DimX / arguments.Tiles, tile = Grid.IdxX / blocks, warps = Group.DimX / Warp.WarpSize;
        int firstColumn = tile * LengthSort.TileColumns, lane = Warp.LaneIdx;
        int columns = Math.Min(LengthSort.TileColumns, arguments.Columns - firstColumn);
        ArrayView<PlaceQuad> places = arguments.Places.SubView(firstColumn / 4, (columns + 3) / 4);
        for (int row = ((Grid.IdxX - (tile * blocks)) * warps) + (Group.IdxX / Warp.WarpSize); row < arguments.SourceIds.Length; row += blocks * warps)
        {
            TokenEntry query = arguments.Source.Tokens[arguments.SourceIds[row]];
            if (!SlicedWalk.Takes(query))
                continue;
            for (int g = 0; g < LengthSort.TileGroups; g++)
            {
                int group = (tile * LengthSort.TileGroups) + g;
                if (arguments.View.Groups[group].Longest == 0)
                    break;
                int length = arguments.View.WordLengths[(group * 32) + lane];
                SlicedCount counts = SlicedWalk.Counts<TLogic>(arguments.View, group, query, length);
                // Per byte the sum is a distance, 0 to 254, so nothing is carried from byte to byte.
                uint rest = (uint)(query.Length - length) * 0x01010101u;
                int at = (g * LengthSort.GroupSlots / 4) + lane;
                words[at] = counts.Bytes(0) + rest;
                words[at + 32] = counts.Bytes(1) + rest;
                words[at + 64] = counts.Bytes(2) + rest;
                words[at + 96] = counts.Bytes(3) + rest;
                words[at + 128] = counts.Bytes(4) + rest;
                words[at + 160] = counts.Bytes(5) + rest;
                words[at + 192] = counts.Bytes(6) + rest;
                words[at + 224] = counts.Bytes(7) + rest;
            }

            Warp.Barrier();
            long firstEntry = ((long)row * arguments.Columns) + firstColumn;
            if (arguments.WordStores != 0)
                StoreWords(bytes, places, arguments.Cost.SubView(firstEntry, columns).Cast<uint>());
            else
                StoreBytes(bytes, places, arguments.Cost.SubView(firstEntry, columns));
            // The next row's distances overwrite this one's.
            Warp.Barrier();
        }
    }

    // Columns without a place get any byte; the kernels that compute them come later.
    private static void StoreWords(ArrayView<byte> bytes, ArrayView<PlaceQuad> places, ArrayView<uint> cost)
    {
        for (int at = Warp.LaneIdx; at < cost.IntLength; at += Warp.WarpSize)
        {
            PlaceQuad four = places[at];
            cost[at] = bytes[(int)(four.Low & 0xFFFF)] | ((uint)bytes[(int)(four.Low >> 16)] << 8)
                | ((uint)bytes[(int)(four.High & 0xFFFF)] << 16) | ((uint)bytes[(int)(four.High >> 16)] << 24);
        }
    }

    private static void StoreBytes(ArrayView<byte> bytes, ArrayView<PlaceQuad> places, ArrayView<byte> cost)
    {
        for (int column = Warp.LaneIdx; column < cost.IntLength; column += Warp.WarpSize)
        {
            PlaceQuad four = places[column >> 2];
            uint two = (column & 2) == 0 ? four.Low : four.High;
            cost[column] = bytes[(int)((column & 1) == 0 ? two & 0xFFFF : two >> 16)];
        }
    }

    /// <summary>Pairs of listed rows and columns, a thread each; pairs of two long tokens are left out.</summary>
    [GpuKernel(threads: 256, registers: 64)]
    public static void Rest(RestArguments arguments)
    {
        long pair = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        long rows = arguments.AllRows != 0 ? arguments.SourceIds.Length : arguments.RowList.Length;
        long columns = arguments.AllRows != 0 ? arguments.ColumnList.Length : arguments.TargetIds.Length;
        if (pair >= rows * columns)
            return;
        int row = (int)(pair / columns), column = (int)(pair - (row * columns));
        if (arguments.AllRows != 0)
            column = arguments.ColumnList[column];
        else
            row = arguments.RowList[row];
        int distance = EditDistancePair.Of(
            arguments.Source, arguments.Source.Tokens[arguments.SourceIds[row]], arguments.Target, arguments.Target.Tokens[arguments.TargetIds[column]]);
        if (distance < 0)
            return;
        arguments.Cost[(row * arguments.TargetIds.Length) + column] = ByteWidth.Of(distance);
        if (distance > ByteWidth.Most)
            arguments.Range[0] = 1;
    }

    /// <summary>Four places, as one load.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 8)]
    internal struct PlaceQuad
    {
        /// <summary>The first in the low half, the second in the high half.</summary>
        public uint Low;

        /// <summary>The third and the fourth.</summary>
        public uint High;
    }

    /// <summary>Arguments of <see cref="Rows"/>.</summary>
    internal struct Arguments
    {
        /// <summary>Tape of the rows.</summary>
        public TapeView Source;

        /// <summary>[rows] ids on it.</summary>
        public ArrayView<int> SourceIds;

        /// <summary>The columns.</summary>
        public SlicedView View;

        /// <summary>[columns / 4, rounded up] bytes of a row's scratch, see <see cref="LengthSort.Arguments.Places"/>.</summary>
        public ArrayView<PlaceQuad> Places;

        /// <summary>Not 0: each row begins on a multiple of four bytes.</summary>
        public int WordStores;

        /// <summary>Tiles of <see cref="LengthSort.TileColumns"/>; the number of blocks is a multiple.</summary>
        public int Tiles;

        /// <summary>Columns.</summary>
        public int Columns;

        /// <summary>[rows, columns].</summary>
        public ArrayView<byte> Cost;
    }

    /// <summary>Arguments of <see cref="Rest"/>.</summary>
    internal struct RestArguments
    {
        /// <summary>Tape of the rows.</summary>
        public TapeView Source;

        /// <summary>Tape of the columns.</summary>
        public TapeView Target;

        /// <summary>[rows] ids on the source tape.</summary>
        public ArrayView<int> SourceIds;

        /// <summary>[columns] ids on the target tape.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>Not 0: all rows beside the listed columns; 0: the listed rows beside all columns.</summary>
        public int AllRows;

        /// <summary>Rows of the matrix.</summary>
        public ArrayView<int> RowList;

        /// <summary>Columns of the matrix.</summary>
        public ArrayView<int> ColumnList;

        /// <summary>[rows, columns].</summary>
        public ArrayView<byte> Cost;

        /// <summary>[1] becomes 1 where a distance is over 254.</summary>
        public ArrayView<int> Range;
    }
}
