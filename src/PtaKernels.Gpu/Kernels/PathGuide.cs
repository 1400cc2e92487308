using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Finds a good path of a document through a band of 128 diagonals, one warp each: only its sum, which bounds the least sum from above.</summary>
/// <remarks>
/// Step s does the cells with i + j = s. A lane owns four diagonals, two of them in each step, so one shuffle brings the neighbour it lacks. Every 32 steps the band moves to
/// where the sum and the least cost still to come are lowest together; cells of one step are as far along as each other, so this does not prefer laggards.
/// Row r's cells of 32 steps are 32 neighbouring columns, from column s - r on, so the costs come in rows of three vectors through shared memory. Cells outside the
/// table are done as well: those before it are out of reach, those behind it lead nowhere.
/// </remarks>
internal static class PathGuide
{
    /// <summary>Steps after which the band moves.</summary>
    private const int ChunkSteps = 32;

    /// <summary>Rows of a chunk: 64 of its first step's and one more for every two steps.</summary>
    private const int ChunkRows = 80;

    /// <summary>Vectors of a row in shared memory: 32 columns reach into three at most.</summary>
    private const int RowVectors = 3;

    /// <summary>Words of a row in shared memory: its vectors, and one so that neighbouring rows lie in different banks.</summary>
    private const int RowWords = (4 * RowVectors) + 1;

    private const int Outside = 1 << 28;

    /// <summary>Sums from here on are the same when the band chooses where to move.</summary>
    private const int MostCompared = 1 << 24;

    /// <summary>One block of one warp per band.</summary>
    [GpuKernel(threads: 32, registers: 64)]
    public static void Limits(Arguments arguments)
    {
        ArrayView<uint> tile = SharedMemory.Allocate1D<uint>(ChunkRows * RowWords);
        ArrayView<byte> costs = tile.Cast<byte>();
        BandPlan band = arguments.Band.Bands[Grid.IdxX];
        PathPlan plan = arguments.Plans[band.Plan];
        int lane = Warp.LaneIdx, n = plan.Document.SourceLength, m = plan.Document.TargetLength;
        // Diagonal k of lane l is j - i = start + 4 l + k; start is a multiple of 4.
        int start = -64, end = n + m - 2, step = 0;
        int d0 = lane == 16 ? 0 : Outside, d1 = Outside, d2 = Outside, d3 = Outside;
        while (step <= end)
        {
            // Row of the even diagonals' first cells: row - 2 l, and one less for the upper one.
            int row = (step - start) >> 1, firstRow = row - 63;
            Group.Barrier();
            Fill(arguments, plan, tile, step, firstRow, lane);
            Group.Barrier();
            for (int t = 0; t < ChunkSteps && step + t <= end; t += 2)
            {
                int lower = row + (t >> 1) - (2 * lane), upper = lower - 1;
                int fromLower = ((lower - firstRow) * (4 * RowWords)) + ((step - lower) & 15) + t, fromUpper = ((upper - firstRow) * (4 * RowWords)) + ((step - upper) & 15) + t;
                int before = Warp.ShuffleUp(d3, 1);
                d0 = Math.Min(Math.Min(d0, lane == 0 ? Outside : before), d1) + costs[fromLower];
                d2 = Math.Min(Math.Min(d2, d1), d3) + costs[fromUpper];
                int after = Warp.ShuffleDown(d0, 1);
                d1 = Math.Min(Math.Min(d1, d0), d2) + costs[fromLower + 1];
                d3 = Math.Min(Math.Min(d3, d2), lane == 31 ? Outside : after) + costs[fromUpper + 1];
            }

            step += ChunkSteps;
            if (step <= end)
            {
                int i = ((step - start) >> 1) - 1 - (2 * lane);
                int least = WarpMath.Least(Math.Min(Ahead(arguments, band, n, m, i, step - 2, d0, 4 * lane), Ahead(arguments, band, n, m, i - 1, step - 2, d2, (4 * lane) + 2)));
                int lanes = Math.Min(Math.Max(((least & 127) - 64) / 4, -8), 8), from = lane + lanes;
                bool inside = from >= 0 && from < 32;
                int moved0 = Warp.Shuffle(d0, from & 31), moved1 = Warp.Shuffle(d1, from & 31), moved2 = Warp.Shuffle(d2, from & 31), moved3 = Warp.Shuffle(d3, from & 31);
                d0 = inside ? moved0 : Outside;
                d1 = inside ? moved1 : Outside;
                d2 = inside ? moved2 : Outside;
                d3 = inside ? moved3 : Outside;
                start += 4 * lanes;
            }
        }

        int last = m - n - start;
        int mine = (last >> 2) != lane ? Outside : (last & 3) == 0 ? d0 : (last & 3) == 1 ? d1 : (last & 3) == 2 ? d2 : d3;
        int found = WarpMath.Least(mine);
        if (lane == 0)
        {
            // Where the bounds are under a quarter of the total, a band leaves out next to nothing.
            long bound = (long)arguments.Band.Remaining[band.Rows] + arguments.Band.Remaining[band.Columns];
            arguments.Band.Outcomes[Grid.IdxX] = new BandOutcome { Limit = found < Outside && bound * 4 >= found ? found : -1 };
        }
    }

    /// <summary>A cell's sum with what is still to come, above the number of its diagonal, which takes seven bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Ahead(Arguments arguments, BandPlan band, int n, int m, int i, int step, int sum, int diagonal)
    {
        int j = step - i;
        bool inside = i >= 0 && i < n && j >= 0 && j < m;
        int rest = arguments.Band.Remaining[band.Rows + (inside ? i + 1 : n)] + arguments.Band.Remaining[band.Columns + (inside ? j + 1 : m)];
        return (Math.Min(inside ? sum + rest : Outside, MostCompared - 1) * 128) + diagonal;
    }

    /// <summary>Brings the costs of a chunk to shared memory, each row from the vector of its first column on, columns in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(Arguments arguments, PathPlan plan, ArrayView<uint> tile, int step, int firstRow, int lane)
    {
        int lastRow = plan.Document.SourceLength - 1, lastVector = (plan.Strips * 32) - 1;
        ArrayView<CostVector> table = arguments.Costs.SubView(plan.Costs, (long)((plan.Document.TableRows + 3) & ~3) * (lastVector + 1));
        ArrayView<int> offsets = arguments.Rows.SubView((long)plan.Rows + WavefrontKernel.RowsBefore, lastRow + 1);
        for (int k = lane; k < RowVectors * ChunkRows; k += 32)
        {
            int slot = (int)((uint)k / RowVectors), part = k - (RowVectors * slot), row = firstRow + slot;
            int vector = Math.Min(Math.Max(((step - row) >> 4) + part, 0), lastVector);
            CostVector costs = table[offsets[Math.Min(Math.Max(row, 0), lastRow)] + vector];
            int to = (slot * RowWords) + (4 * part);
            tile[to] = (costs.X & 0xFFFF) | (costs.Y << 16);
            tile[to + 1] = (costs.Z & 0xFFFF) | (costs.W << 16);
            tile[to + 2] = (costs.X >> 16) | (costs.Y & 0xFFFF_0000);
            tile[to + 3] = (costs.Z >> 16) | (costs.W & 0xFFFF_0000);
        }
    }

    /// <summary>Arguments of <see cref="Limits"/>.</summary>
    internal struct Arguments
    {
        /// <summary>[documents].</summary>
        public ArrayView<PathPlan> Plans;

        /// <summary>Expanded costs of 8 bits.</summary>
        public ArrayView<CostVector> Costs;

        /// <summary>For each source position the offset of its row of expanded costs.</summary>
        public ArrayView<int> Rows;

        /// <summary>The sums of bounds; receives the limits.</summary>
        public BandMemory Band;
    }
}
