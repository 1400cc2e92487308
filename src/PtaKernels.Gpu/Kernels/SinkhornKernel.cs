using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The published Sinkhorn loop (SPEC B 3b.3) for any shape up to 64 x 64: a warp per problem, the plan scaled in place in device memory.</summary>
/// <remarks>Every operation is NumPy's, in its order and rounded on its own: plans have the bits of the reference.</remarks>
internal static class SinkhornKernel
{
    /// <summary>Row and column sums are at least this large before they divide.</summary>
    public const double SmallestSum = Steps.SinkhornStep.SmallestSum;

    private const int MostWarps = 4;
    private const int StackDepth = 8; // 4,096 cells halve into parts of at most 128 in six steps

    /// <summary>Takes problems from the list, or all of them, until none is left.</summary>
    [GpuKernel(threads: 32 * MostWarps, registers: 80, ExactFloat64 = true)]
    public static void Run(TransportArguments arguments) => Run<CudaInstructions>(arguments);

    /// <summary>The same on any device.</summary>
    [GpuKernel(threads: 32 * MostWarps, registers: 80, ExactFloat64 = true)]
    public static void PlainRun(TransportArguments arguments) => Run<PlainInstructions>(arguments);

    private static void Run<TDevice>(TransportArguments arguments)
        where TDevice : struct, IInstructions
    {
        ArrayView<int> votes = SharedMemory.Allocate1D<int>(32 * MostWarps);
        ArrayView<int> stack = SharedMemory.Allocate1D<int>(MostWarps * StackDepth * 3);
        ArrayView<double> saved = SharedMemory.Allocate1D<double>(MostWarps * StackDepth);
        int warp = Group.IdxX / Warp.WarpSize, lane = Warp.LaneIdx;
        int count = arguments.List.Length == 0 ? arguments.Queue.Batch : arguments.Counters[TransportArguments.PassedOn];
        while (true)
        {
            int taken = 0;
            if (lane == 0)
                taken = Atomic.Add(ref arguments.Counters[TransportArguments.GivenInGeneral], 1);
            taken = Warp.Shuffle(taken, 0);
            if (taken >= count)
                return;
            int problem = arguments.List.Length == 0 ? taken : arguments.List[taken];
            int rows = arguments.RowsOf(problem);
            if (rows > 0)
                Solve<TDevice>(arguments, problem, rows, arguments.ColumnsOf(problem), lane, votes, stack.SubView(warp * StackDepth * 3, StackDepth * 3), saved.SubView(warp * StackDepth, StackDepth));
        }
    }

    private static void Solve<TDevice>(
        in TransportArguments arguments, int problem, int rows, int columns, int lane, ArrayView<int> votes, ArrayView<int> stack, ArrayView<double> saved)
        where TDevice : struct, IInstructions
    {
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns, cells = n * m;
        ArrayView<double> plan = arguments.Queue.Plan.SubView((long)problem * cells, cells);
        ArrayView<double> a = arguments.Queue.A.SubView((long)problem * n, n), b = arguments.Queue.B.SubView((long)problem * m, m);
        LoadKernel(arguments, problem, plan, rows, columns, lane);
        Warp.Barrier();
        double total = SumOfAll(plan, m, rows, columns, lane, stack, saved);
        Warp.Barrier();
        for (int cell = lane; cell < cells; cell += Warp.WarpSize)
            plan[cell] = cell / m < rows && cell % m < columns ? plan[cell] / total : 0;
        Warp.Barrier();

        // Each lane has two rows, lane and lane + 32, and as many columns.
        int second = lane + Warp.WarpSize;
        double firstPrevious = 0, secondPrevious = 0, firstSum = 0, secondSum = 0;
        int iterations = 0;
        bool going;
        while (true)
        {
            double change = 0, secondChange = 0;
            if (lane < rows)
            {
                firstSum = SumOfRow(plan, lane * m, columns);
                change = Math.Abs(firstPrevious - firstSum);
            }

            if (second < rows)
            {
                secondSum = SumOfRow(plan, second * m, columns);
                secondChange = Math.Abs(secondPrevious - secondSum);
            }

            // Both votes are over before either is looked at: all lanes take part.
            int changes = TDevice.Ballot(change > arguments.Tolerance || secondChange > arguments.Tolerance, votes);
            int numberless = TDevice.Ballot(double.IsNaN(change) || double.IsNaN(secondChange), votes);
            going = changes != 0 && numberless == 0;
            if (!going || iterations == arguments.MaxIterations)
                break;
            firstPrevious = Raise(firstSum);
            secondPrevious = Raise(secondSum);
            if (lane < rows)
                ScaleRow(plan, lane * m, columns, a[lane] / firstPrevious);
            if (second < rows)
                ScaleRow(plan, second * m, columns, a[second] / secondPrevious);
            Warp.Barrier();
            if (lane < columns)
                ScaleColumn(plan, lane, rows, m, b[lane]);
            if (second < columns)
                ScaleColumn(plan, second, rows, m, b[second]);
            Warp.Barrier();
            iterations++;
        }

        double error = 0;
        if (lane < rows)
            error = Math.Abs(firstSum - a[lane]);
        if (second < rows)
            error += Math.Abs(secondSum - a[second]);
        if (lane < columns)
            error += Math.Abs(SumOfColumn(plan, lane, rows, m) - b[lane]);
        if (second < columns)
            error += Math.Abs(SumOfColumn(plan, second, rows, m) - b[second]);
        error = WarpMath.Sum(error);
        if (lane != 0)
            return;
        bool finite = error <= double.MaxValue;
        arguments.Queue.Outcomes[problem] = new DeviceOutcome
        {
            Status = finite ? going ? (int)TransportStatus.IterationLimit : (int)TransportStatus.Converged : (int)TransportStatus.NotFinite,
            Iterations = iterations,
            MarginalError = finite ? error : double.NaN,
        };
    }

    private static void LoadKernel(in TransportArguments arguments, int problem, ArrayView<double> plan, int rows, int columns, int lane)
    {
        if (arguments.PlanHoldsKernel != 0)
            return;
        int m = arguments.Queue.Columns, cells = arguments.Queue.Rows * m;
        ArrayView<byte> cost = arguments.Queue.Cost.SubView((long)problem * cells, cells);
        for (int cell = lane; cell < rows * m; cell += Warp.WarpSize)
            plan[cell] = cell % m < columns ? arguments.Table[(int)cost[cell]] : 0;
    }

    private static double Raise(double sum) => sum < SmallestSum ? SmallestSum : sum;

    /// <summary>Left to right below 8 values, else eight strided accumulators and the rest.</summary>
    private static double SumOfRow(ArrayView<double> plan, int first, int columns)
    {
        if (columns < 8)
        {
            double sum = plan[first];
            for (int j = 1; j < columns; j++)
                sum += plan[first + j];
            return sum;
        }

        double s0 = plan[first], s1 = plan[first + 1], s2 = plan[first + 2], s3 = plan[first + 3];
        double s4 = plan[first + 4], s5 = plan[first + 5], s6 = plan[first + 6], s7 = plan[first + 7];
        int next = 8;
        for (; next + 8 <= columns; next += 8)
        {
            int at = first + next;
            s0 += plan[at];
            s1 += plan[at + 1];
            s2 += plan[at + 2];
            s3 += plan[at + 3];
            s4 += plan[at + 4];
            s5 += plan[at + 5];
            s6 += plan[at + 6];
            s7 += plan[at + 7];
        }

        double total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
        for (; next < columns; next++)
            total += plan[first + next];
        return total;
    }

    private static void ScaleRow(ArrayView<double> plan, int first, int columns, double factor)
    {
        for (int j = 0; j < columns; j++)
            plan[first + j] *= factor;
    }

    private static double SumOfColumn(ArrayView<double> plan, int column, int rows, int m)
    {
        double sum = 0;
        for (int i = 0; i < rows; i++)
            sum += plan[(i * m) + column];
        return sum;
    }

    private static void ScaleColumn(ArrayView<double> plan, int column, int rows, int m, double mass)
    {
        double factor = mass / Raise(SumOfColumn(plan, column, rows, m));
        for (int i = 0; i < rows; i++)
            plan[(i * m) + column] *= factor;
    }

    /// <summary>Sum of the corner as if it were contiguous: halves above 128 values, the first a multiple of 8. All lanes walk the same tree.</summary>
    private static double SumOfAll(ArrayView<double> plan, int m, int rows, int columns, int lane, ArrayView<int> stack, ArrayView<double> saved)
    {
        int start = 0, count = rows * columns, depth = 0;
        while (true)
        {
            while (count > 128)
            {
                int half = count / 2;
                half -= half % 8;
                stack[3 * depth] = start + half;
                stack[(3 * depth) + 1] = count - half;
                stack[(3 * depth) + 2] = 0; // the left part is on its way
                depth++;
                count = half;
            }

            double sum = SumOfPart(plan, m, columns, start, count, lane);
            while (depth > 0 && stack[(3 * depth) - 1] != 0)
            {
                depth--;
                sum = saved[depth] + sum;
            }

            // All lanes have read the parts that end here before one of them overwrites their places.
            Warp.Barrier();
            if (depth == 0)
                return sum;
            saved[depth - 1] = sum;
            stack[(3 * depth) - 1] = 1;
            start = stack[3 * (depth - 1)];
            count = stack[(3 * (depth - 1)) + 1];
        }
    }

    /// <summary>Up to 128 values, one of the eight accumulators in each of the first lanes.</summary>
    private static double SumOfPart(ArrayView<double> plan, int m, int columns, int start, int count, int lane)
    {
        int striped = count < 8 ? 0 : count / 8 * 8;
        double sum = 0;
        if (lane < 8 && striped > 0)
        {
            sum = At(plan, m, columns, start + lane);
            for (int at = lane + 8; at < striped; at += 8)
                sum += At(plan, m, columns, start + at);
        }

        // The order of the two sides of an addition does not matter: lane 0 gets ((0+1)+(2+3))+((4+5)+(6+7)).
        sum += Warp.ShuffleXor(sum, 1);
        sum += Warp.ShuffleXor(sum, 2);
        sum += Warp.ShuffleXor(sum, 4);
        sum = Warp.Shuffle(sum, 0);
        for (int at = striped; at < count; at++)
            sum += At(plan, m, columns, start + at);
        return sum;
    }

    private static double At(ArrayView<double> plan, int m, int columns, int element) => plan[(element / columns * m) + (element % columns)];
}
