using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The published Sinkhorn loop for matrices up to 15 x 15 in the scaling form P = diag(u)·K·diag(v): several problems in a warp, each lane with two rows and two columns of K in registers.</summary>
/// <remarks>
/// Sums run in NumPy's order, no multiply-add is contracted, clamps and stop are those of the loop on P: only where a factor is multiplied in differs, which moves an entry by some 1e-16.
/// The lanes of a problem that has stopped take the next one from the queue, so that none waits for the longest problem; results do not depend on which lanes those are.
/// What ends without a number (a bad marginal, an entry below exp(−720), whose products leave the range of float64) is passed on to <see cref="SinkhornKernel"/>.
/// </remarks>
internal static class SinkhornSmallKernel
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 128;

    private const int MostWarps = Threads / 32;
    private const int PairsOfWarp = 36; // seven groups of five lanes, the last of them the two spare lanes; or four of eight
    private const double SmallestEntry = 1e-313; // exp(-720), a little rounded

    /// <summary>Up to 10 x 10 on a CUDA device.</summary>
    [GpuKernel(threads: Threads, registers: 168, ExactFloat64 = true)]
    public static void Ten(TransportArguments arguments) => Run<TenCells, CudaVote>(arguments);

    /// <summary>Up to 15 x 15 on a CUDA device.</summary>
    [GpuKernel(threads: Threads, registers: 255, ExactFloat64 = true)]
    public static void Fifteen(TransportArguments arguments) => Run<FifteenCells, CudaVote>(arguments);

    /// <summary>Up to 10 x 10 on any device.</summary>
    [GpuKernel(threads: Threads, registers: 168, ExactFloat64 = true)]
    public static void PlainTen(TransportArguments arguments) => Run<TenCells, PlainVote>(arguments);

    /// <summary>Up to 15 x 15 on any device.</summary>
    [GpuKernel(threads: Threads, registers: 255, ExactFloat64 = true)]
    public static void PlainFifteen(TransportArguments arguments) => Run<FifteenCells, PlainVote>(arguments);

    private static void Run<TCells, TVote>(TransportArguments arguments)
        where TCells : struct, ICells<TCells>
        where TVote : struct, IWarpVote
    {
        ArrayView<double> table = SharedMemory.Allocate1D<double>(256);
        ArrayView<Pair> scales = SharedMemory.Allocate1D<Pair>(2 * MostWarps * PairsOfWarp);
        ArrayView<double> partial = SharedMemory.Allocate1D<double>(Threads);
        ArrayView<int> shared = SharedMemory.Allocate1D<int>(Threads);
        for (int c = Group.IdxX; c < 256; c += Group.DimX)
        {
            double entry = arguments.Table[c];
            table[c] = entry < SmallestEntry ? double.NaN : entry;
        }

        for (int k = Group.IdxX; k < scales.IntLength; k += Group.DimX)
            scales[k] = default;

        Group.Barrier();

        int lane = Warp.LaneIdx, warp = Group.IdxX / Warp.WarpSize, perWarp = Warp.WarpSize / TCells.Lanes;
        int group = lane / TCells.Lanes, member = lane - (group * TCells.Lanes), firstLane = lane - member;
        int members = (1 << TCells.Lanes) - 1, firstThread = Group.IdxX - member;
        int uAt = (2 * warp * PairsOfWarp) + firstLane, vAt = uAt + PairsOfWarp;
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns, i = 2 * member;

        int problem = -1, iterations = 0, rows = 0, columns = 0;
        bool busy = false, free = group < perWarp, anyFree = true, narrow = false;
        double u0 = 0, u1 = 0, v0 = 0, v1 = 0, previous0 = 0, previous1 = 0, a0 = 1, a1 = 1, b0 = 1, b1 = 1;
        TCells row0 = default, row1 = default, column0 = default, column1 = default;
        while (true)
        {
            if (anyFree)
            {
                if (free && member == 0)
                    shared[firstThread] = Atomic.Add(ref arguments.Counters[TransportArguments.Given], 1);
                Warp.Barrier();
                if (free)
                {
                    problem = shared[firstThread];
                    busy = problem < arguments.Queue.Batch;
                }

                Warp.Barrier();
                if (TVote.Ballot(busy, shared) == 0)
                    return;
                if (free)
                {
                    rows = busy ? arguments.RowsOf(problem) : 0;
                    columns = rows > 0 ? arguments.ColumnsOf(problem) : 0;
                    narrow = columns < 8;
                    long first = (long)problem * n * m;
                    row0 = TCells.Look(arguments.Queue.Cost, table, first + (i * m), 1, i < rows ? columns : 0);
                    row1 = TCells.Look(arguments.Queue.Cost, table, first + ((i + 1) * m), 1, i + 1 < rows ? columns : 0);
                    column0 = TCells.Look(arguments.Queue.Cost, table, first + i, m, i < columns ? rows : 0);
                    column1 = TCells.Look(arguments.Queue.Cost, table, first + i + 1, m, i + 1 < columns ? rows : 0);
                    // Without a row or column the factor stays 0, and 1 keeps its division ordinary.
                    u0 = i < rows ? 1 : 0;
                    u1 = i + 1 < rows ? 1 : 0;
                    v0 = i < columns ? 1 : 0;
                    v1 = i + 1 < columns ? 1 : 0;
                    a0 = i < rows ? arguments.Queue.A[((long)problem * n) + i] : 1;
                    a1 = i + 1 < rows ? arguments.Queue.A[((long)problem * n) + i + 1] : 1;
                    b0 = i < columns ? arguments.Queue.B[((long)problem * m) + i] : 1;
                    b1 = i + 1 < columns ? arguments.Queue.B[((long)problem * m) + i + 1] : 1;
                    previous0 = previous1 = 0;
                    iterations = 0;
                    scales[vAt + member] = new Pair { First = v0, Second = v1 };
                }

                Warp.Barrier();
                if (free)
                {
                    TCells ones = TCells.Load(scales, vAt);
                    partial[Group.IdxX] = TCells.SumInOrder(row0, ones) + TCells.SumInOrder(row1, ones);
                }

                Warp.Barrier();
                if (free)
                {
                    double total = 0;
                    for (int k = 0; k < TCells.Lanes; k++)
                        total += partial[firstThread + k];
                    double normal = busy && rows > 0 ? 1 / total : 0;
                    u0 *= normal;
                    u1 *= normal;
                    scales[uAt + member] = new Pair { First = u0, Second = u1 };
                }

                Warp.Barrier();
            }

            TCells v = TCells.Load(scales, vAt);
            double sum0 = u0 * (narrow ? TCells.SumInOrder(row0, v) : TCells.SumByEights(row0, v));
            double sum1 = u1 * (narrow ? TCells.SumInOrder(row1, v) : TCells.SumByEights(row1, v));
            double change0 = Math.Abs(previous0 - sum0), change1 = Math.Abs(previous1 - sum1);
            int going = TVote.Ballot(change0 > arguments.Tolerance || change1 > arguments.Tolerance, shared) >> firstLane & members;
            bool bad = double.IsNaN(change0) || double.IsNaN(change1);
            bool spent = going == 0 || iterations == arguments.MaxIterations;
            anyFree = TVote.Ballot(busy && (spent || bad), shared) != 0;
            if (anyFree)
            {
                int badLanes = TVote.Ballot(bad, shared) >> firstLane & members;
                free = busy && (spent || badLanes != 0);
                TCells u = TCells.Load(scales, uAt);
                double error = 0;
                if (i < rows)
                    error = Math.Abs(sum0 - a0);
                if (i + 1 < rows)
                    error += Math.Abs(sum1 - a1);
                if (i < columns)
                    error += Math.Abs((v0 * TCells.SumInOrder(column0, u)) - b0);
                if (i + 1 < columns)
                    error += Math.Abs((v1 * TCells.SumInOrder(column1, u)) - b1);
                partial[Group.IdxX] = error;
                Warp.Barrier();
                if (free)
                {
                    for (int k = 1; k < TCells.Lanes; k++)
                        error = member == 0 ? error + partial[firstThread + k] : error;
                    long first = (long)problem * n * m;
                    if (rows > 0 && i < n)
                        TCells.Store(arguments.Queue.Plan, first + (i * m), m, row0, v, u0);
                    if (rows > 0 && i + 1 < n)
                        TCells.Store(arguments.Queue.Plan, first + ((i + 1) * m), m, row1, v, u1);
                    if (rows > 0 && member == 0)
                        Finish(arguments, problem, iterations, error, going != 0);
                    busy = false;
                }

                Warp.Barrier();
            }

            previous0 = sum0 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : sum0;
            previous1 = sum1 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : sum1;
            u0 *= a0 / previous0;
            u1 *= a1 / previous1;
            scales[uAt + member] = new Pair { First = u0, Second = u1 };
            Warp.Barrier();
            TCells factors = TCells.Load(scales, uAt);
            double down0 = v0 * TCells.SumInOrder(column0, factors), down1 = v1 * TCells.SumInOrder(column1, factors);
            v0 *= b0 / (down0 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : down0);
            v1 *= b1 / (down1 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : down1);
            scales[vAt + member] = new Pair { First = v0, Second = v1 };
            Warp.Barrier();
            iterations++;
        }
    }

    private static void Finish(in TransportArguments arguments, int problem, int iterations, double error, bool going)
    {
        if (!(error <= double.MaxValue))
        {
            arguments.List[Atomic.Add(ref arguments.Counters[TransportArguments.PassedOn], 1)] = problem;
            return;
        }

        arguments.Queue.Outcomes[problem] = new DeviceOutcome
        {
            Status = going ? (int)TransportStatus.IterationLimit : (int)TransportStatus.Converged,
            Iterations = iterations,
            MarginalError = error,
        };
    }
}
