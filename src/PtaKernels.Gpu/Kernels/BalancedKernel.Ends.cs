using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>How a balanced problem enters its lanes and leaves them.</summary>
internal static partial class BalancedKernel
{
    /// <summary>Puts a new problem into the lanes that are free; the others only take part in the barriers.</summary>
    private static BalancedLane Load(in TransportArguments arguments, in BalancedScratch scratch, int me, int problem, bool busy, bool free, BalancedLane lane)
    {
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns;
        int rows = free && busy ? arguments.RowsOf(problem) : 0, columns = rows > 0 ? arguments.ColumnsOf(problem) : 0;
        if (free)
        {
            scratch.A[me] = me < rows ? arguments.Queue.A[((long)problem * n) + me] : 0;
            scratch.B[me] = me < columns ? arguments.Queue.B[((long)problem * m) + me] : 0;
        }

        Warp.Barrier();
        double sumA = 0, sumB = 0, heaviest = 0;
        int pinned = 0;
        bool usable = true;
        for (int i = 0; i < rows; i++)
        {
            double mass = scratch.A[i];
            sumA += mass;
            usable = usable && (mass == 0 || (mass >= SmallestMass && mass <= LargestMass));
        }

        for (int j = 0; j < columns; j++)
        {
            double mass = scratch.B[j];
            sumB += mass;
            pinned = mass > heaviest ? j : pinned;
            heaviest = mass > heaviest ? mass : heaviest;
            usable = usable && (mass == 0 || (mass >= SmallestMass && mass <= LargestMass));
        }

        usable = usable && sumA > 0 && Math.Abs(sumA - sumB) <= CertifiedError / 2;
        int last = columns - 1, column = me == last ? pinned : me == pinned ? last : me;
        double b = me < columns ? scratch.B[column] : 0, largest = 0, mean = 0;
        long first = (long)problem * n * m;
        for (int i = 0; me < columns && i < rows; i++)
        {
            // Costs between rows and columns without mass say nothing. They count as 0, which keeps every row's sum positive.
            double mass = scratch.A[i], cost = mass > 0 && b > 0 ? arguments.Queue.Cost[first + (i * m) + column] : 0;
            scratch.Cost[scratch.At(i, me)] = cost;
            largest = cost > largest ? cost : largest;
            mean = Math.FusedMultiplyAdd(mass, cost, mean);
        }

        if (free)
            scratch.First[me] = largest;
        Warp.Barrier();
        for (int j = 0; j < columns; j++)
            largest = scratch.First[j] > largest ? scratch.First[j] : largest;
        double beta = 1 / arguments.Epsilon;
        int doublings = 0;
        while (beta * largest > FirstSpread && doublings <= MostDoublings)
        {
            beta *= 0.5;
            doublings++;
        }

        usable = usable && doublings <= MostDoublings && beta <= 1e300;
        Warp.Barrier();
        if (!free)
            return lane;
        if (!usable)
        {
            rows = 0;
            columns = 0;
        }

        // For beta -> 0 the optimum is a b', that is G = log b, and its derivative the mean cost.
        double potential = b > 0 ? Math.FusedMultiplyAdd(mean, beta / sumA, TransportMath.Log(b)) : 0;
        for (int i = 0; me < columns && i < rows; i++)
            scratch.Plan[scratch.At(i, me)] = b > 0 ? DeviceMath.Exp(-beta * scratch.Cost[scratch.At(i, me)]) : 0;
        if (me < rows)
            scratch.InverseA[me] = scratch.A[me] > 0 ? 1 / scratch.A[me] : 0;
        return new BalancedLane
        {
            Rows = rows,
            Columns = columns,
            Column = column,
            Usable = usable ? 1 : 0,
            Doublings = doublings,
            Fresh = 1,
            B = b,
            Potential = potential,
            Step = potential,
            Beta = beta,
            Length = 1,
            Reach = 1,
            Slope = -1,
            Radius = FirstRadius,
            Lost = SmallestLog,
        };
    }

    /// <summary>
    /// Forms f, g, the plan and its marginal error from the potentials and the costs alone, by the formula that a reader of f and g would use, and writes them where the
    /// error is within the certificate. All lanes of the warp take part; only problems that ended are written.
    /// </summary>
    private static void Certify(in TransportArguments arguments, in BalancedScratch scratch, int me, int problem, in BalancedLane lane, bool ended, bool finished)
    {
        int rows = finished ? lane.Rows : 0, columns = finished ? lane.Columns : 0;
        double epsilon = arguments.Epsilon, beta = 1 / epsilon;
        // Problems that go on need nothing of what is overwritten here but the system's right sides, which stand in Gradient and Tangent.
        double g = lane.B > 0 ? epsilon * lane.Potential : double.NegativeInfinity;
        if (finished)
            scratch.First[me] = g;
        Warp.Barrier();
        double error = 0, f = double.NegativeInfinity;
        if (me < rows)
        {
            double mass = scratch.A[me], highest = double.NegativeInfinity, sum = 0, rowSum = 0;
            for (int j = 0; j < columns; j++)
            {
                double value = scratch.First[j] - scratch.Cost[scratch.At(me, j)];
                highest = value > highest ? value : highest;
            }

            for (int j = 0; j < columns; j++)
                sum += DeviceMath.Exp(beta * (scratch.First[j] - scratch.Cost[scratch.At(me, j)] - highest));
            if (mass > 0)
                f = (epsilon * (TransportMath.Log(mass) - TransportMath.Log(sum))) - highest;
            for (int j = 0; j < columns; j++)
            {
                double entry = DeviceMath.Exp((f + scratch.First[j] - scratch.Cost[scratch.At(me, j)]) / epsilon);
                scratch.Plan[scratch.At(me, j)] = entry;
                rowSum += entry;
            }

            error = Math.Abs(rowSum - mass);
        }

        Warp.Barrier();
        if (me < columns)
        {
            double columnSum = 0;
            for (int i = 0; i < rows; i++)
                columnSum += scratch.Plan[scratch.At(i, me)];
            error += Math.Abs(columnSum - lane.B);
        }

        if (finished)
            scratch.Scale[me] = error;
        Warp.Barrier();
        double total = 0;
        for (int k = 0; finished && k < scratch.Side; k++)
            total += scratch.Scale[k];
        bool certified = finished && total <= CertifiedError;
        if (certified)
            Write(arguments, scratch, me, problem, lane, f, g);
        // A problem without rows was skipped.
        if (ended && me == 0 && arguments.RowsOf(problem) > 0)
        {
            arguments.Queue.Outcomes[problem] = new DeviceOutcome
            {
                Status = certified ? (int)TransportStatus.Converged : DeviceOutcome.Handed,
                Iterations = lane.Iterations,
                MarginalError = certified ? total : double.NaN,
            };
        }

        Warp.Barrier();
    }

    private static void Write(in TransportArguments arguments, in BalancedScratch scratch, int me, int problem, in BalancedLane lane, double f, double g)
    {
        int n = arguments.Queue.Rows, m = arguments.Queue.Columns;
        // Lanes beyond the problem's columns fill the rest of the matrix.
        int column = me < lane.Columns ? lane.Column : me;
        for (int i = 0; me < m && i < n; i++)
            arguments.Queue.Plan[((((long)problem * n) + i) * m) + column] = i < lane.Rows && me < lane.Columns ? scratch.Plan[scratch.At(i, me)] : 0;
        if (me < n && arguments.Queue.F.Length != 0)
            arguments.Queue.F[((long)problem * n) + me] = f;
        if (me < m && arguments.Queue.G.Length != 0)
            arguments.Queue.G[((long)problem * m) + column] = me < lane.Columns ? g : double.NegativeInfinity;
    }
}
