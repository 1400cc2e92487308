using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The closed form P_ij = a_i · softmax_j(−C_ij / ε) with the row minimum taken out first: a lane per row, the rows of a problem in one warp.</summary>
internal static class SemiRelaxedKernel
{
    private const int MostThreads = 128;

    /// <summary>Edit distances: exp from the host's table.</summary>
    [GpuKernel(threads: MostThreads, registers: 64)]
    public static void Bytes(TransportArguments arguments) => Run<ByteCosts>(arguments);

    /// <summary>Real costs.</summary>
    [GpuKernel(threads: MostThreads, registers: 64)]
    public static void Reals(TransportArguments arguments) => Run<RealCosts>(arguments);

    /// <summary>Problems that one warp solves at a time.</summary>
    public static int ProblemsPerWarp(int rows) => Math.Max(1, 32 / rows);

    private static void Run<TCosts>(TransportArguments arguments)
        where TCosts : struct, ICosts
    {
        ArrayView<double> errors = SharedMemory.Allocate1D<double>(MostThreads);
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns, lane = Warp.LaneIdx;
        int warp = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize, firstOfWarp = Group.IdxX - lane;
        int perWarp = n > Warp.WarpSize ? 1 : Warp.WarpSize / n;
        int local = n > Warp.WarpSize ? 0 : lane / n, firstRow = lane - (local * n);
        int problem = (warp * perWarp) + local;
        bool inside = local < perWarp && problem < arguments.Queue.Batch;
        int rows = inside ? arguments.RowsOf(problem) : 0;
        double error = 0;
        for (int row = firstRow; inside && rows > 0 && row < n; row += Warp.WarpSize)
            error += SolveRow<TCosts>(arguments, problem, row, row < rows ? arguments.ColumnsOf(problem) : 0);
        errors[Group.IdxX] = error;
        Warp.Barrier();
        if (inside && rows > 0 && firstRow == 0)
        {
            double total = 0;
            int lanes = n > Warp.WarpSize ? Warp.WarpSize : n;
            for (int i = 0; i < lanes; i++)
                total += errors[firstOfWarp + lane + i];
            bool usable = total <= double.MaxValue;
            arguments.Queue.Outcomes[problem] = new DeviceOutcome
            {
                Status = usable ? (int)TransportStatus.Converged : (int)TransportStatus.NotFinite,
                MarginalError = usable ? total : double.NaN,
            };
            errors[firstOfWarp + lane] = total;
        }

        Warp.Barrier();
        if (inside && rows > 0 && !(errors[firstOfWarp + (local * n)] <= double.MaxValue))
        {
            // One bad value spoils the problem.
            for (int row = firstRow; row < rows; row += Warp.WarpSize)
            {
                long first = (((long)problem * n) + row) * m;
                for (int j = 0; j < arguments.ColumnsOf(problem); j++)
                    arguments.Queue.Plan[first + j] = double.NaN;
            }
        }
    }

    /// <summary>Writes a row of the plan. Returns how far its sum is from its mass, NaN if a value of it is not usable.</summary>
    private static double SolveRow<TCosts>(in TransportArguments arguments, int problem, int row, int columns)
        where TCosts : struct, ICosts
    {
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns;
        long first = (((long)problem * n) + row) * m;
        ArrayView<double> plan = arguments.Queue.Plan;
        for (int j = columns; j < m; j++)
            plan[first + j] = 0;
        if (columns == 0)
            return 0;
        double mass = arguments.Queue.A[((long)problem * n) + row], least = double.PositiveInfinity, worst = 0;
        for (int j = 0; j < columns; j++)
        {
            double cost = TCosts.At(arguments, first + j);
            least = cost < least ? cost : least;
            worst = cost >= 0 && cost <= double.MaxValue ? worst : double.NaN;
        }

        if (!(mass >= 0 && mass <= double.MaxValue))
            worst = double.NaN;
        double sum = 0;
        for (int j = 0; j < columns; j++)
        {
            double e = TCosts.Exponential(arguments, TCosts.At(arguments, first + j), least);
            plan[first + j] = e;
            sum += e;
        }

        double scale = mass / sum, total = 0;
        for (int j = 0; j < columns; j++)
        {
            double p = plan[first + j] * scale;
            plan[first + j] = p;
            total += p;
        }

        return Math.Abs(total - mass) + worst;
    }

    private interface ICosts
    {
        static abstract double At(in TransportArguments arguments, long cell);

        static abstract double Exponential(in TransportArguments arguments, double cost, double least);
    }

    private readonly struct ByteCosts : ICosts
    {
        public static double At(in TransportArguments arguments, long cell) => arguments.Queue.Cost[cell];

        public static double Exponential(in TransportArguments arguments, double cost, double least) => arguments.Table[(int)(cost - least)];
    }

    private readonly struct RealCosts : ICosts
    {
        public static double At(in TransportArguments arguments, long cell) => arguments.RealCost[cell];

        public static double Exponential(in TransportArguments arguments, double cost, double least) => DeviceMath.Exp((least - cost) / arguments.Epsilon);
    }
}
