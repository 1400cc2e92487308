using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Lower bounds of what each row and each column of a cost table adds to a path (<see cref="BandPlan"/>), and their sums from each position to the end.</summary>
/// <remarks>
/// The side with more positions takes the least of each of its lines, the other one what is left of its own lines. Four rows of the table lie in one word and no difference
/// of bytes is negative, so a word's four differences are one subtraction.
/// </remarks>
internal static class PathBounds
{
    /// <summary>One block per band.</summary>
    [GpuKernel(threads: 256, registers: 64, EmulatorThreads = 64)]
    public static void Sums(Arguments arguments)
    {
        BandPlan band = arguments.Band.Bands[Grid.IdxX];
        PathPlan plan = arguments.Plans[band.Plan];
        DocumentPath document = plan.Document;
        if (document.SourceLength > document.TargetLength)
        {
            BoundRows(arguments, plan, band, left: 0);
            Group.Barrier();
            BoundColumns(arguments, plan, band, left: 1);
        }
        else
        {
            BoundColumns(arguments, plan, band, left: 0);
            Group.Barrier();
            BoundRows(arguments, plan, band, left: 1);
        }

        Group.Barrier();
        int warps = Group.DimX >> 5;
        for (int side = Group.IdxX >> 5; side < 2; side += warps)
            AddUp(arguments, plan, band, side);
    }

    /// <summary>A warp for four rows.</summary>
    /// <param name="arguments">All arrays.</param>
    /// <param name="plan">The document.</param>
    /// <param name="band">Its band.</param>
    /// <param name="left">1: what is left of the costs when the columns have their bounds.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BoundRows(Arguments arguments, PathPlan plan, BandPlan band, int left)
    {
        int columns = plan.Document.TableColumns, quads = (plan.Document.TableRows + 3) >> 2, lane = Warp.LaneIdx, warps = Group.DimX >> 5;
        for (int quad = Group.IdxX >> 5; quad < quads; quad += warps)
        {
            long words = plan.Words + ((long)quad * columns);
            int least0 = 255, least1 = 255, least2 = 255, least3 = 255;
            for (int c = lane; c < columns; c += 32)
            {
                uint word = arguments.Words[words + c];
                if (left != 0)
                    word -= arguments.Band.Bounds[(long)band.ColumnBounds + c] * 0x0101_0101;
                least0 = Math.Min(least0, (int)(word & 255));
                least1 = Math.Min(least1, (int)((word >> 8) & 255));
                least2 = Math.Min(least2, (int)((word >> 16) & 255));
                least3 = Math.Min(least3, (int)(word >> 24));
            }

            least0 = WarpMath.Least(least0);
            least1 = WarpMath.Least(least1);
            least2 = WarpMath.Least(least2);
            least3 = WarpMath.Least(least3);
            if (lane == 0)
                arguments.Band.Bounds[(long)band.RowBounds + quad] = (uint)(least0 | (least1 << 8) | (least2 << 16) | (least3 << 24));
        }
    }

    /// <summary>A thread for a column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BoundColumns(Arguments arguments, PathPlan plan, BandPlan band, int left)
    {
        int columns = plan.Document.TableColumns, quads = (plan.Document.TableRows + 3) >> 2;
        for (int c = Group.IdxX; c < columns; c += Group.DimX)
        {
            int least = 255;
            long at = plan.Words + c;
            for (int quad = 0; quad < quads; quad++)
            {
                uint word = arguments.Words[at];
                at += columns;
                if (left != 0)
                    word -= arguments.Band.Bounds[(long)band.RowBounds + quad];
                least = Math.Min(least, Math.Min(Math.Min((int)(word & 255), (int)((word >> 8) & 255)), Math.Min((int)((word >> 16) & 255), (int)(word >> 24))));
            }

            arguments.Band.Bounds[(long)band.ColumnBounds + c] = (uint)least;
        }
    }

    /// <summary>A warp adds up the bounds of one side's positions, 0 the source's, from the last position to the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddUp(Arguments arguments, PathPlan plan, BandPlan band, int side)
    {
        int lane = Warp.LaneIdx, length = side == 0 ? plan.Document.SourceLength : plan.Document.TargetLength, sum = 0;
        long to = side == 0 ? band.Rows : band.Columns;
        if (lane == 0)
            arguments.Band.Remaining[to + length] = 0;
        for (int last = length - 1; last >= 0; last -= 32)
        {
            int position = Math.Max(last - lane, 0), bound;
            if (side == 0)
            {
                int row = arguments.SourceRows[plan.Document.SourceStart + position];
                bound = (int)(arguments.Band.Bounds[(long)band.RowBounds + (row >> 2)] >> (8 * (row & 3))) & 255;
            }
            else
            {
                bound = (int)arguments.Band.Bounds[(long)band.ColumnBounds + arguments.TargetColumns[plan.Document.TargetStart + position]];
            }

            for (int reach = 1; reach < 32; reach <<= 1)
            {
                int before = Warp.ShuffleUp(bound, reach);
                bound += lane >= reach ? before : 0;
            }

            if (last - lane >= 0)
                arguments.Band.Remaining[to + position] = sum + bound;
            sum += Warp.Shuffle(bound, 31);
        }
    }

    /// <summary>Arguments of <see cref="Sums"/>.</summary>
    internal struct Arguments
    {
        /// <summary>[documents].</summary>
        public ArrayView<PathPlan> Plans;

        /// <summary>Four rows of a table to a word, [row / 4][column], as <see cref="WavefrontExpand.Bytes"/> leaves them; the last row stands in for rows beyond it.</summary>
        public ArrayView<uint> Words;

        /// <summary>Row of the table for each source position.</summary>
        public ArrayView<int> SourceRows;

        /// <summary>Column of the table for each target position.</summary>
        public ArrayView<int> TargetColumns;

        /// <summary>Receives the bounds.</summary>
        public BandMemory Band;
    }
}
