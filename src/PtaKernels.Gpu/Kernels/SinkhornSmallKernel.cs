using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The published Sinkhorn loop for matrices up to 15 x 15 in the scaling form P = diag(u)·K·diag(v): several problems in a warp, each lane with two rows and two columns of K in registers.</summary>
/// <remarks>
/// Sums run in NumPy's order, no multiply-add is contracted, clamps and stop are those of the loop on P: only where a factor is multiplied in differs, which moves an entry by some 1e-16.
/// The lanes of a problem that has stopped take the next one from the queue, so that none waits for the longest problem; results do not depend on which lanes those are.
/// Where that could decide a row's heaviest column, <see cref="SinkhornTiesKernel"/> has the problem done again by <see cref="SinkhornKernel"/>.
/// What ends without a number (a bad marginal, an entry below exp(−720), whose products leave the range of float64) is passed on to it as well.
/// </remarks>
internal static class SinkhornSmallKernel
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 128;

    private const int MostWarps = Threads / 32;
    private const int PairsOfWarp = 36; // seven groups of five lanes, the last of them the two spare lanes; or four of eight
    private const int TenPairs = 6 * 10 * 5, FifteenPairs = 4 * 16 * 8; // matrices of a warp's problems, to turn rows into columns
    private const double SmallestEntry = 1e-313; // exp(-720), a little rounded

    /// <summary>Up to 10 x 10 on a CUDA device.</summary>
    [GpuKernel(threads: Threads, registers: 168, ExactFloat64 = true)]
    public static void Ten(TransportArguments arguments) => Run<TenCells, CudaInstructions>(arguments, SharedMemory.Allocate1D<Pair>(MostWarps * TenPairs));

    /// <summary>Up to 15 x 15 on a CUDA device.</summary>
    [GpuKernel(threads: Threads, registers: 255, ExactFloat64 = true)]
    public static void Fifteen(TransportArguments arguments) => Run<FifteenCells, CudaInstructions>(arguments, SharedMemory.Allocate1D<Pair>(MostWarps * FifteenPairs));

    /// <summary>Up to 10 x 10 on any device.</summary>
    [GpuKernel(threads: Threads, registers: 168, ExactFloat64 = true)]
    public static void PlainTen(TransportArguments arguments) => Run<TenCells, PlainInstructions>(arguments, SharedMemory.Allocate1D<Pair>(MostWarps * TenPairs));

    /// <summary>Up to 15 x 15 on any device.</summary>
    [GpuKernel(threads: Threads, registers: 255, ExactFloat64 = true)]
    public static void PlainFifteen(TransportArguments arguments) => Run<FifteenCells, PlainInstructions>(arguments, SharedMemory.Allocate1D<Pair>(MostWarps * FifteenPairs));

    private static void Run<TCells, TDevice>(TransportArguments arguments, ArrayView<Pair> matrices)
        where TCells : struct, ICells<TCells>
        where TDevice : struct, IInstructions
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

        int lane = Warp.LaneIdx, warp = Group.IdxX >> 5, perWarp = 32 / TCells.Lanes;
        int group = TCells.GroupOf(lane), member = lane - (group * TCells.Lanes), firstLane = lane - member;
        int members = (1 << TCells.Lanes) - 1, firstThread = Group.IdxX - member;
        int uAt = (2 * warp * PairsOfWarp) + firstLane, vAt = uAt + PairsOfWarp;
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns, i = 2 * member;
        int matrixAt = ((warp * perWarp) + group) * 2 * TCells.Lanes * TCells.Lanes;
        bool words = TCells.WholeSide > 0 && n == TCells.WholeSide && m == TCells.WholeSide && arguments.Aligned != 0;

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
                if (TDevice.Ballot(busy, shared) == 0)
                    return;
                if (free)
                {
                    rows = busy ? arguments.RowsOf(problem) : 0;
                    columns = rows > 0 ? arguments.ColumnsOf(problem) : 0;
                    narrow = columns < 8;
                    long first = (long)problem * n * m;
                    if (words && rows == n && columns == m)
                    {
                        // Two rows of ten costs are five words.
                        ArrayView<uint> cost = arguments.Queue.Cost.Cast<uint>();
                        long word = (first + (i * m)) / 4;
                        uint w0 = cost[word], w1 = cost[word + 1], w2 = cost[word + 2], w3 = cost[word + 3], w4 = cost[word + 4];
                        row0 = TCells.LookWhole(table, w0, w1, w2);
                        row1 = TCells.LookWhole(table, w2 >> 16 | w3 << 16, w3 >> 16 | w4 << 16, w4 >> 16);
                    }
                    else
                    {
                        row0 = TCells.Look(arguments.Queue.Cost, table, first + (i * m), i < rows ? columns : 0);
                        row1 = TCells.Look(arguments.Queue.Cost, table, first + ((i + 1) * m), i + 1 < rows ? columns : 0);
                    }

                    TCells.Put(matrices, matrixAt + (i * TCells.Lanes), row0);
                    TCells.Put(matrices, matrixAt + ((i + 1) * TCells.Lanes), row1);
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
                    column0 = TCells.Even(matrices, matrixAt + member);
                    column1 = TCells.Odd(matrices, matrixAt + member);
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
            int going = TDevice.Ballot(change0 > arguments.Tolerance || change1 > arguments.Tolerance, shared) >> firstLane & members;
            bool bad = double.IsNaN(change0) || double.IsNaN(change1);
            bool spent = going == 0 || iterations == arguments.MaxIterations;
            anyFree = TDevice.Ballot(busy && (spent || bad), shared) != 0;
            if (anyFree)
            {
                int badLanes = TDevice.Ballot(bad, shared) >> firstLane & members;
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
                    if (words && rows > 0)
                    {
                        ArrayView<Pair> plan = arguments.Queue.Plan.Cast<Pair>();
                        TCells.StoreWhole(plan, (first + (i * m)) / 2, row0, v, u0);
                        TCells.StoreWhole(plan, (first + ((i + 1) * m)) / 2, row1, v, u1);
                    }

                    if (!words && rows > 0 && i < n)
                        TCells.Store(arguments.Queue.Plan, first + (i * m), m, row0, v, u0);
                    if (!words && rows > 0 && i + 1 < n)
                        TCells.Store(arguments.Queue.Plan, first + ((i + 1) * m), m, row1, v, u1);
                    if (rows > 0 && member == 0)
                        Finish(arguments, problem, iterations, error, going != 0);
                    busy = false;
                }

                Warp.Barrier();
            }

            previous0 = sum0 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : sum0;
            previous1 = sum1 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : sum1;
            Pair factor = TDevice.Divide(a0, previous0, a1, previous1);
            u0 *= factor.First;
            u1 *= factor.Second;
            scales[uAt + member] = new Pair { First = u0, Second = u1 };
            Warp.Barrier();
            TCells factors = TCells.Load(scales, uAt);
            double down0 = v0 * TCells.SumInOrder(column0, factors), down1 = v1 * TCells.SumInOrder(column1, factors);
            down0 = down0 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : down0;
            down1 = down1 < SinkhornKernel.SmallestSum ? SinkhornKernel.SmallestSum : down1;
            factor = TDevice.Divide(b0, down0, b1, down1);
            v0 *= factor.First;
            v1 *= factor.Second;
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
            arguments.Queue.Outcomes[problem] = new DeviceOutcome { Status = DeviceOutcome.Handed };
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
