using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Many small cost matrices of one shape: a thread per pair.</summary>
internal static class EditDistanceBlocks
{
    /// <summary>u8; a thread per entry of [batch, n, m].</summary>
    [GpuKernel(threads: 256, registers: 64)]
    public static void Bytes(Arguments arguments)
    {
        long entry = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        if (entry >= arguments.Cost.Length)
            return;
        // A row of the source list and a column; the divisions are of 32 bits, the host keeps the number of rows below 2^31.
        int row = (int)(entry / arguments.Columns);
        int problem = row / arguments.Rows, column = (int)(entry - ((long)row * arguments.Columns));
        int sourceId = arguments.SourceIds[row], targetId = arguments.TargetIds[((long)problem * arguments.Columns) + column];
        int distance = 0;
        if (sourceId >= 0 && targetId >= 0)
        {
            distance = EditDistancePair.Of(arguments.Source, arguments.Source.Tokens[sourceId], arguments.Target, arguments.Target.Tokens[targetId]);
            if (distance < 0)
                return;
        }

        arguments.Cost[entry] = ByteWidth.Of(distance);
        if (distance > ByteWidth.Most)
            arguments.Range[problem] = 1;
    }

    /// <summary>Pairs whose shorter token has over <see cref="EditDistancePair.LongestPattern"/> symbols; a warp per row.</summary>
    [GpuKernel(threads: 128, registers: 96)]
    public static void LongPairs(Arguments arguments)
    {
        int warp = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize, warps = Grid.DimX * Group.DimX / Warp.WarpSize;
        ArrayView<byte> carry = arguments.Carry.SubView(warp * arguments.CarryLength, arguments.CarryLength);
        for (int row = warp; row < arguments.SourceIds.Length; row += warps)
        {
            int sourceId = arguments.SourceIds[row];
            if (sourceId < 0 || !EditDistanceLong.IsLong(arguments.Source.Tokens[sourceId]))
                continue;
            TokenEntry source = arguments.Source.Tokens[sourceId];
            int problem = row / arguments.Rows;
            for (int column = 0; column < arguments.Columns; column++)
            {
                int targetId = arguments.TargetIds[((long)problem * arguments.Columns) + column];
                if (targetId < 0 || !EditDistanceLong.IsLong(arguments.Target.Tokens[targetId]))
                    continue;
                int distance = EditDistanceLong.Of(arguments.Source, source, arguments.Target, arguments.Target.Tokens[targetId], carry);
                if (Warp.IsFirstLane)
                {
                    arguments.Cost[((long)row * arguments.Columns) + column] = ByteWidth.Of(distance);
                    if (distance > ByteWidth.Most)
                        arguments.Range[problem] = 1;
                }
            }
        }
    }

    /// <summary>Arguments of both kernels.</summary>
    internal struct Arguments
    {
        /// <summary>Tape of the rows.</summary>
        public TapeView Source;

        /// <summary>Tape of the columns.</summary>
        public TapeView Target;

        /// <summary>[batch, n] ids, -1 for an empty slot.</summary>
        public ArrayView<int> SourceIds;

        /// <summary>[batch, m] ids, -1 for an empty slot.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>n.</summary>
        public int Rows;

        /// <summary>m.</summary>
        public int Columns;

        /// <summary>[batch, n, m]; 0 where a slot is empty, 255 for distances over 254.</summary>
        public ArrayView<byte> Cost;

        /// <summary>[batch] becomes 1 where a distance is over 254.</summary>
        public ArrayView<int> Range;

        /// <summary>[warps, <see cref="CarryLength"/>] scratch of <see cref="LongPairs"/>.</summary>
        public ArrayView<byte> Carry;

        /// <summary>Scratch of a warp: see <see cref="EditDistanceLong.Of"/>.</summary>
        public long CarryLength;
    }
}
