using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Large cost matrices, bit-sliced: a warp takes a row over one tile of columns, 1,024 of them at a time.</summary>
/// <remarks>Distances come out in the order of length; they are put in the order of columns in the block's memory, so that rows are written whole.</remarks>
internal static class EditDistanceSliced
{
    private const int TileBytes = LengthSort.TileGroups * LengthSort.GroupSlots;
    private const int Warps = 8;

    /// <summary>u8; blocks go through the rows of one tile after the other. Columns without a place are left out, and rows that <see cref="SlicedWalk.Takes"/> refuses.</summary>
    [GpuKernel(threads: 32 * Warps, registers: 96)]
    public static void Rows(Arguments arguments)
    {
        ArrayView<uint> scratch = SharedMemory.Allocate1D<uint>(Warps * TileBytes / 4).AsContiguous();
        ArrayView<uint> words = scratch.SubView(Group.IdxX / Warp.WarpSize * (TileBytes / 4), TileBytes / 4);
        ArrayView<byte> bytes = words.Cast<byte>();
        int blocks = Grid.DimX / arguments.Tiles, tile = Grid.IdxX / blocks, warps = Group.DimX / Warp.WarpSize;
        int firstColumn = tile * LengthSort.TileColumns, lane = Warp.LaneIdx;
        int columns = Math.Min(LengthSort.TileColumns, arguments.Columns - firstColumn);
        ArrayView<ushort> places = arguments.Places.SubView(firstColumn, columns);
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
                SlicedCount counts = SlicedWalk.Counts(arguments.View, group, query, length);
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
            ArrayView<byte> cost = arguments.Cost.SubView(((long)row * arguments.Columns) + firstColumn, columns);
            for (int column = lane; column < columns; column += Warp.WarpSize)
            {
                int place = places[column];
                if (place != LengthSort.NoPlace)
                    cost[column] = bytes[place];
            }

            Warp.Barrier();
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
        arguments.Cost[(row * arguments.TargetIds.Length) + column] = (byte)(distance > 254 ? 255 : distance);
        if (distance > 254)
            arguments.Range[0] = 1;
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

        /// <summary>[columns] byte of a row's scratch, or <see cref="LengthSort.NoPlace"/>.</summary>
        public ArrayView<ushort> Places;

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
