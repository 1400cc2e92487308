using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Certified entropic transport (SPEC A3.4) at edit distances: one problem in 16 or 32 lanes, a lane per column and per row.</summary>
/// <remarks>
/// With G_j = g_j / ε and inverse temperature β, P_ij = a_i·exp(G_j − β·C_ij) / Σ_k exp(G_k − β·C_ik) meets the rows exactly; the columns ask for Σ_i P_ij − b_j = 0, which
/// damped Newton solves (Cuturi and Peyré, Semidual regularized optimal transport, 2018) while β doubles from where the problem is easy up to 1 / ε. Neither a step nor a doubling
/// needs the exponential of an entry: P·exp(step_j), or P²·exp(step_j), has the right rows up to a factor that the row sum restores. The certificate is formed from the potentials and
/// the costs alone. What has none is left to the host. A problem's lanes see no other problem, so results do not depend on the batch.
/// </remarks>
internal static partial class BalancedKernel
{
    /// <summary>Most rows, and most columns less three, of the kernel with 16 lanes for a problem.</summary>
    public const int SmallSide = 16;

    /// <summary>The same with 32 lanes.</summary>
    public const int LargeSide = 32;

    /// <summary>Lanes beyond the columns that carry the right sides of the linear system.</summary>
    public const int ExtraLanes = 3;

    private const int SmallThreads = 64, LargeThreads = 32;

    // Natural problems take about 12 iterations, one in a hundred over 22.
    private const int MostIterations = 100;

    // Lengths of steps are in units of log G. One longer than the radius is cut; beta moves on once the whole Newton step is shorter than OnTrack.
    private const double FirstRadius = 2, OnTrack = 1.5, Overshoot = 0.5, Undershoot = 0.25;

    // Weak links would otherwise ask for steps of any size: they carry less mass than the residual, or than its rounding.
    private const double RelativeRidge = 1e-6, SmallestRidge = 1e-17;

    private const double TargetError = 1e-12, CertifiedError = Transport.TransportCertificate.MarginalTolerance;

    // Entries may round to 0, which is harmless while their true share of the row stays below exp(HarmlessLog). With masses of at least SmallestMass a row's
    // largest entry squared is above exp(-193), so that a share which is lost to a step of exp(e) is below exp(SmallestLog - e).
    private const double SmallestMass = 1e-40, LargestMass = 1e40, SmallestLog = 193 - 708, HarmlessLog = -60, LargestLog = 700, SmallestSum = 1e-300;

    // beta starts where its product with the largest cost is at most FirstSpread; each doubling also doubles the relative error of the plan.
    private const double FirstSpread = 8;
    private const int MostDoublings = 14;

    /// <summary>Up to 16 rows and 13 columns, two problems in a warp, on a CUDA device.</summary>
    [GpuKernel(threads: SmallThreads, registers: 128)]
    public static void Small(TransportArguments arguments) =>
        Run<SmallShape, CudaInstructions>(arguments, SharedMemory.Allocate1D<double>(SmallThreads / SmallSide * BalancedScratch.SmallLength), SharedMemory.Allocate1D<int>(SmallThreads));

    /// <summary>Up to 32 rows and 29 columns on a CUDA device.</summary>
    [GpuKernel(threads: LargeThreads, registers: 128)]
    public static void Large(TransportArguments arguments) =>
        Run<LargeShape, CudaInstructions>(arguments, SharedMemory.Allocate1D<double>(BalancedScratch.LargeLength), SharedMemory.Allocate1D<int>(LargeThreads));

    /// <summary><see cref="Small"/> on any device.</summary>
    [GpuKernel(threads: SmallThreads, registers: 128)]
    public static void PlainSmall(TransportArguments arguments) =>
        Run<SmallShape, PlainInstructions>(arguments, SharedMemory.Allocate1D<double>(SmallThreads / SmallSide * BalancedScratch.SmallLength), SharedMemory.Allocate1D<int>(SmallThreads));

    /// <summary><see cref="Large"/> on any device.</summary>
    [GpuKernel(threads: LargeThreads, registers: 128)]
    public static void PlainLarge(TransportArguments arguments) =>
        Run<LargeShape, PlainInstructions>(arguments, SharedMemory.Allocate1D<double>(BalancedScratch.LargeLength), SharedMemory.Allocate1D<int>(LargeThreads));

    private static void Run<TShape, TDevice>(TransportArguments arguments, ArrayView<double> memory, ArrayView<int> shared)
        where TShape : struct, IShape
        where TDevice : struct, IInstructions
    {
        int side = TShape.Side, me = Warp.LaneIdx % side, firstThread = Group.IdxX - me;
        BalancedScratch scratch = BalancedScratch.Of(memory, side, Group.IdxX / side);
        int most = arguments.Queue.Columns;
        bool busy = false, free = true, anyFree = true;
        int problem = -1;
        BalancedLane lane = default;
        while (true)
        {
            if (anyFree)
            {
                if (free && me == 0)
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
                lane = Load(arguments, scratch, me, problem, busy, free, lane);
            }

            lane = Evaluate(scratch, me, lane);
            bool lost = !(lane.Lost < HarmlessLog);
            bool stalled = lane.Error <= CertifiedError && lane.Error >= lane.PreviousError && lane.Fresh == 0;
            bool finished = lane.Usable != 0 && !lost && lane.Doublings == 0 && (lane.Error <= TargetError || stalled);
            bool ended = busy && (finished || lost || lane.Usable == 0 || lane.Iterations >= MostIterations);
            anyFree = TDevice.Ballot(ended, shared) != 0;
            free = ended;
            if (anyFree)
            {
                Certify(arguments, scratch, me, problem, lane, ended, finished);
                busy = busy && !ended;
            }

            lane = Advance(scratch, me, most, lane);
        }
    }

    /// <summary>Applies the step to the plan; forms gradient, error and the tangent's right side Σ_i P_ij·(C_ij − mean_i C).</summary>
    private static BalancedLane Evaluate(in BalancedScratch scratch, int me, BalancedLane lane)
    {
        int n = lane.Rows, m = lane.Columns;
        scratch.First[me] = lane.Step;
        double factor = DeviceMath.Exp(lane.Step < -LargestLog ? -LargestLog : lane.Step > LargestLog ? LargestLog : lane.Step);
        for (int i = 0; me < m && i < n; i++)
        {
            double p = scratch.Plan[scratch.At(i, me)], stepped = p * factor;
            scratch.Plan[scratch.At(i, me)] = lane.Squares != 0 ? p * stepped : stepped;
        }

        Warp.Barrier();
        double lowest = double.PositiveInfinity, highest = double.NegativeInfinity;
        for (int j = 0; j < m; j++)
        {
            double step = scratch.First[j];
            lowest = step < lowest ? step : lowest;
            highest = step > highest ? step : highest;
        }

        double moved = (lane.Squares != 0 ? 2 * lane.Lost : lane.Lost) + (highest - lowest);
        double fresh = SmallestLog - lowest, steep = highest + (HarmlessLog - LargestLog);
        moved = fresh > moved ? fresh : moved;
        lane.Lost = steep > moved ? steep : moved;

        if (me < n)
        {
            double sum = 0, mean = 0;
            for (int j = 0; j < m; j++)
            {
                double p = scratch.Plan[scratch.At(me, j)];
                sum += p;
                mean = Math.FusedMultiplyAdd(p, scratch.Cost[scratch.At(me, j)], mean);
            }

            // A row without mass becomes 0 and stays it.
            double inverse = 1 / (sum > SmallestSum ? sum : SmallestSum);
            scratch.Scale[me] = scratch.A[me] * inverse;
            scratch.Mean[me] = mean * inverse;
        }

        Warp.Barrier();
        double gradient = -lane.B, tangent = 0;
        for (int i = 0; me < m && i < n; i++)
        {
            double entry = scratch.Plan[scratch.At(i, me)] * scratch.Scale[i];
            scratch.Plan[scratch.At(i, me)] = entry;
            gradient += entry;
            tangent = Math.FusedMultiplyAdd(entry, scratch.Cost[scratch.At(i, me)] - scratch.Mean[i], tangent);
        }

        lane.Gradient = gradient;
        scratch.Gradient[me] = gradient;
        scratch.Tangent[me] = tangent;
        scratch.First[me] = gradient * lane.Direction;
        Warp.Barrier();
        double error = 0, slope = 0;
        for (int j = 0; j < m; j++)
        {
            error += Math.Abs(scratch.Gradient[j]);
            slope += scratch.First[j];
        }

        lane.Error = error;
        lane.TrialSlope = slope;
        lane.Iterations++;
        return lane;
    }

    /// <summary>Chooses the next step: back along a direction that overshot, ahead along a new one, or ahead to twice β.</summary>
    private static BalancedLane Advance(in BalancedScratch scratch, int me, int most, BalancedLane lane)
    {
        // The slope of a convex function crosses zero before an overshoot: the secant points near the crossing.
        bool overshot = lane.Fresh == 0 && !(lane.TrialSlope <= -Overshoot * lane.Slope);
        double shrink = lane.Slope / (lane.Slope - lane.TrialSlope);
        shrink = shrink > 0.1 ? shrink : 0.1;
        shrink = shrink < 0.5 ? shrink : 0.5;
        double shorter = lane.Length * shrink, cut = shorter * lane.Reach;
        bool steep = lane.Fresh == 0 && lane.Length < 1 && lane.TrialSlope < Undershoot * lane.Slope;
        lane.Radius = overshot ? cut < lane.Radius ? cut : lane.Radius : steep ? 2 * lane.Radius : lane.Radius;

        Pair solution = SolveSystem(scratch, me, most, lane);
        scratch.First[me] = lane.Gradient * solution.First;
        scratch.Scale[me] = Math.Abs(solution.First);
        Warp.Barrier();
        double slope = 0, reach = 0;
        for (int j = 0; j < lane.Columns; j++)
        {
            double magnitude = scratch.Scale[j];
            slope += scratch.First[j];
            reach = magnitude > reach ? magnitude : reach;
        }

        Warp.Barrier();
        double length = reach > lane.Radius ? lane.Radius / reach : 1;
        bool movesOn = !overshot && lane.Doublings > 0 && reach < OnTrack;
        double taken = overshot ? shorter - lane.Length : length, ahead = movesOn ? lane.Beta : 0;
        lane.Direction = overshot ? lane.Direction : solution.First;
        double move = Math.FusedMultiplyAdd(ahead, solution.Second, taken * lane.Direction);
        lane.Step = movesOn ? move - lane.Potential : move; // squaring doubles the old potential
        lane.Potential += move;
        lane.Slope = overshot ? lane.Slope : slope;
        lane.Reach = overshot ? lane.Reach : reach;
        lane.Length = overshot ? shorter : length;
        lane.PreviousError = overshot ? lane.PreviousError : lane.Error;
        lane.Beta += ahead;
        lane.Doublings -= movesOn ? 1 : 0;
        lane.Radius = movesOn ? FirstRadius : lane.Radius;
        lane.Squares = movesOn ? 1 : 0;
        lane.Fresh = lane.Squares;
        return lane;
    }

    /// <summary>Solves (L + ridge)·x = −gradient and (L + ridge)·y = tangent, L the Laplacian with weights Σ_i P_ij·P_ik / a_i; the last entry of both is 0.</summary>
    /// <remarks>
    /// Eliminating a node adds products of weights to those of its neighbours and subtracts nothing, so each pivot keeps its relative accuracy however many decades the
    /// weights span (Grassmann, Taksar and Heyman 1985). The last three lanes carry x, y and the ground as further columns. Row j of the system holds the weights to later
    /// columns; before the diagonal it holds the shares that earlier rows pass on to it.
    /// </remarks>
    private static Pair SolveSystem(in BalancedScratch scratch, int me, int most, in BalancedLane lane)
    {
        int n = lane.Rows, m = lane.Columns, extra = scratch.Side - ExtraLanes;
        double relative = RelativeRidge * lane.Error, ridge = relative > SmallestRidge ? relative : SmallestRidge, inverse = 0;
        for (int j = 0; j < most - 1; j++)
        {
            bool inside = j < m - 1;
            bool weighs = inside && me > j && me < m, carries = inside && me >= extra;
            double weight = 0;
            for (int i = 0; weighs && i < n; i++)
                weight = Math.FusedMultiplyAdd(scratch.InverseA[i] * scratch.Plan[scratch.At(i, j)], scratch.Plan[scratch.At(i, me)], weight);
            if (carries)
                weight = me == extra ? -scratch.Gradient[j] : me == extra + 1 ? scratch.Tangent[j] : ridge;
            for (int k = 0; (weighs || carries) && k < j; k++)
                weight = Math.FusedMultiplyAdd(scratch.System[scratch.At(j, k)], scratch.System[scratch.At(k, me)], weight);
            if (weighs || carries)
                scratch.System[scratch.At(j, me)] = weight;
            Warp.Barrier();
            if (inside)
            {
                double pivot = scratch.System[scratch.At(j, scratch.Side - 1)]; // at least the ridge
                for (int l = j + 1; l < m; l++)
                    pivot += scratch.System[scratch.At(j, l)];
                double over = 1 / pivot;
                inverse = me == j ? over : inverse;
                if (weighs)
                    scratch.System[scratch.At(me, j)] = weight * over;
            }

            Warp.Barrier();
        }

        double x = 0, y = 0;
        if (me < m - 1)
        {
            x = scratch.System[scratch.At(me, extra)] * inverse;
            y = scratch.System[scratch.At(me, extra + 1)] * inverse;
        }

        for (int j = most - 2; j > 0; j--)
        {
            if (me == j)
            {
                scratch.First[j] = x;
                scratch.Scale[j] = y;
            }

            Warp.Barrier();
            if (j < m - 1 && me < j)
            {
                double share = scratch.System[scratch.At(j, me)];
                x = Math.FusedMultiplyAdd(share, scratch.First[j], x);
                y = Math.FusedMultiplyAdd(share, scratch.Scale[j], y);
            }
        }

        Warp.Barrier();
        return new Pair { First = x, Second = y };
    }

    private interface IShape
    {
        static abstract int Side { get; }
    }

    private readonly struct SmallShape : IShape
    {
        public static int Side => SmallSide;
    }

    private readonly struct LargeShape : IShape
    {
        public static int Side => LargeSide;
    }
}
