using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Walks the paths back from their ends, one warp per document, and writes the first and the last source position of each target position.</summary>
/// <remarks>
/// A step of the walk never goes to a later step of the table: a move up, or over the edge of eight columns, goes back by one or two. So the 32 rows of directions before the
/// present one serve at least 16 moves, and are brought to shared memory together instead of one word after the other. All lanes walk the same way.
/// </remarks>
internal static class WavefrontTraceback
{
    private const int TileSteps = 32;

    /// <summary>One block of one warp per document.</summary>
    [GpuKernel(threads: 32, registers: 64)]
    public static void Walk(Arguments arguments)
    {
        ArrayView<uint> tile = SharedMemory.Allocate1D<uint>(TileSteps * 32);
        PathPlan plan = arguments.Plans[Grid.IdxX];
        int lane = Warp.LaneIdx, n = plan.Document.SourceLength;
        int i = n - 1, j = plan.Document.TargetLength - 1;
        long target = plan.Document.TargetStart;
        if (lane == 0)
            arguments.Last[target + j] = i;
        int tileStrip = -1, tileStart = 0;
        while (i > 0 || j > 0)
        {
            int strip = j / WavefrontKernel.StripColumns, column = j & (WavefrontKernel.StripColumns - 1);
            int owner = column >> 4, high = (column >> 3) & 1, step = i + (2 * owner) + high;
            if (strip != tileStrip || step < tileStart)
            {
                tileStrip = strip;
                tileStart = Math.Max(step - TileSteps + 1, 0);
                long from = plan.Directions + ((((long)strip * (n + WavefrontKernel.ExtraSteps)) + tileStart) * 32) + lane;
                Group.Barrier();
                for (int t = 0; t < TileSteps; t++)
                    tile[(t * 32) + lane] = arguments.Directions[from + (t * 32)];
                Group.Barrier();
            }

            uint word = tile[((step - tileStart) * 32) + owner];
            int direction = (int)(word >> ((16 * high) + (2 * (7 - (column & 7))))) & 3;
            if (direction == 1)
            {
                i--;
            }
            else
            {
                if (lane == 0)
                    arguments.First[target + j] = i;
                j--;
                if (direction == 0)
                    i--;
                if (lane == 0)
                    arguments.Last[target + j] = i;
            }
        }

        if (lane == 0)
            arguments.First[target] = 0;
    }

    /// <summary>Arguments of <see cref="Walk"/>.</summary>
    internal struct Arguments
    {
        /// <summary>[documents] one block each.</summary>
        public ArrayView<PathPlan> Plans;

        /// <summary>The directions.</summary>
        public ArrayView<uint> Directions;

        /// <summary>Receives the first source position of each target position.</summary>
        public ArrayView<int> First;

        /// <summary>Receives the last.</summary>
        public ArrayView<int> Last;
    }
}
