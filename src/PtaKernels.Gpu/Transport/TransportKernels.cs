using System.Collections.Concurrent;
using ILGPU;
using ILGPU.Runtime;
using PtaKernels.Rules;
using PtaKernels.Steps;

namespace PtaKernels.Gpu;

/// <summary>Optimal transport and projection on a device: kernels queued on a lane's stream.</summary>
internal sealed partial class TransportKernels(GpuDevice device)
{
    // Blocks of the persistent kernels per multiprocessor: more than fit at once, so that the device is full whatever the registers allow.
    private const int BlocksPerMultiprocessor = 8;

    private readonly ConcurrentDictionary<(TransportKind, double), Lazy<MemoryBuffer1D<double, Stride1D.Dense>>> _tables = [];

    /// <summary>Queues a batch of problems. Nothing is waited for, but the first call with an ε.</summary>
    /// <remarks>
    /// Official problems end on the device. A balanced one that its kernel cannot certify or take gets the status <see cref="DeviceOutcome.Handed"/>: call <see cref="HandOver"/> before the plans are read.
    /// </remarks>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="queue">The problems; its views must live until the lane is synchronised.</param>
    /// <param name="options">Official, Balanced or SemiRelaxed, and its parameters.</param>
    /// <exception cref="ArgumentException">Another transport, or sides beyond 64.</exception>
    public void QueueSolve(GpuLane lane, in TransportQueue queue, in TransportOptions options) =>
        Queue(lane, new TransportArguments { Queue = queue }, options);

    /// <summary>Queues problems with real costs: for the official loop their exponentials are in the plan already.</summary>
    internal void QueueReals(GpuLane lane, in TransportQueue queue, ArrayView<double> cost, in TransportOptions options) =>
        Queue(lane, new TransportArguments { Queue = queue, RealCost = cost, PlanHoldsKernel = 1 }, options);

    /// <summary>Queues top1 of a batch of plans, as <see cref="PlanProjection.Project"/> does it per row.</summary>
    /// <param name="lane">Stream.</param>
    /// <param name="plan">[batch, n, m].</param>
    /// <param name="rowCounts">[batch] rows in use, or empty. Other rows are not written.</param>
    /// <param name="columnCounts">[batch] columns in use, at least 1 where there are rows; or empty.</param>
    /// <param name="batch">Number of plans.</param>
    /// <param name="n">Rows.</param>
    /// <param name="m">Columns, 1..64.</param>
    /// <param name="column">[batch, n] receives the column that each row chooses.</param>
    /// <param name="mass">[batch, n] receives the plan's entry there, which is what the projection adds to the column's token.</param>
    /// <param name="ties">[1] is raised by the number of rows in which a later column lay within <paramref name="tie"/> of the chosen one.</param>
    /// <param name="tie">0 under the official transport.</param>
    public void QueueProject(
        GpuLane lane, ArrayView<double> plan, ArrayView<int> rowCounts, ArrayView<int> columnCounts, int batch, int n, int m,
        ArrayView<byte> column, ArrayView<double> mass, ArrayView<int> ties, double tie = PlanProjection.TieTolerance) =>
        device.Load<ProjectionKernel.Arguments>(ProjectionKernel.Top1).LaunchPerItem(lane.Stream, (long)batch * n, new ProjectionKernel.Arguments
        {
            Batch = batch,
            Rows = n,
            Columns = m,
            Tie = tie,
            Plan = plan,
            RowCounts = rowCounts,
            ColumnCounts = columnCounts,
            Column = column,
            Mass = mass,
            Ties = ties,
        });

    private void Queue(GpuLane lane, TransportArguments arguments, in TransportOptions options)
    {
        TransportQueue queue = arguments.Queue;
        if (queue.Rows is < 1 or > TopKLogits.MaxK || queue.Columns is < 1 or > TopKLogits.MaxK)
            throw new ArgumentException($"A transport of {queue.Rows} x {queue.Columns} candidates; each side takes 1..{TopKLogits.MaxK}.", nameof(arguments));
        if (queue.Batch == 0)
            return;
        arguments.Table = TableOf(options);
        arguments.Counters = lane.TakeZeroed<int>(TransportArguments.CounterCount);
        arguments.Epsilon = options.Epsilon;
        arguments.Tolerance = options.Tolerance;
        arguments.MaxIterations = options.MaxIterations;
        switch (options.Kind)
        {
            case TransportKind.Official:
                QueueOfficial(lane, arguments);
                break;
            case TransportKind.Balanced:
                QueueBalanced(lane, arguments);
                break;
            case TransportKind.SemiRelaxed:
                LoadedKernel<TransportArguments> kernel = device.Load<TransportArguments>(arguments.RealCost.Length == 0 ? SemiRelaxedKernel.Bytes : SemiRelaxedKernel.Reals);
                int perWarp = SemiRelaxedKernel.ProblemsPerWarp(queue.Rows);
                kernel.LaunchPerWarp(lane.Stream, (queue.Batch + perWarp - 1) / perWarp, arguments);
                break;
            default:
                throw new ArgumentException($"'{options.Kind}' has no kernel.", nameof(options));
        }
    }

    /// <summary>Shapes beyond the larger kernel are left to the host as they are.</summary>
    private void QueueBalanced(GpuLane lane, in TransportArguments arguments)
    {
        int side = Math.Max(arguments.Queue.Rows, arguments.Queue.Columns + BalancedKernel.ExtraLanes);
        bool plain = IsPlain;
        if (side <= BalancedKernel.SmallSide)
            LaunchQueue(lane, plain ? BalancedKernel.PlainSmall : BalancedKernel.Small, 2, arguments);
        else if (side <= BalancedKernel.LargeSide)
            LaunchQueue(lane, plain ? BalancedKernel.PlainLarge : BalancedKernel.Large, 1, arguments);
        else
            device.Load<TransportArguments>(HandOverKernel.Run).LaunchPerItem(lane.Stream, arguments.Queue.Batch, arguments);
    }

    /// <summary>Small matrices by the kernel for them, which lists what it passes on; ties; then the general kernel.</summary>
    private void QueueOfficial(GpuLane lane, TransportArguments arguments)
    {
        int side = Math.Max(arguments.Queue.Rows, arguments.Queue.Columns);
        bool plain = IsPlain;
        if (arguments.PlanHoldsKernel == 0 && side <= 15)
        {
            arguments.List = lane.Take<int>(arguments.Queue.Batch);
            arguments.Aligned = arguments.Queue.Cost.LoadEffectiveAddressAsPtr() % 4 == 0 && arguments.Queue.Plan.LoadEffectiveAddressAsPtr() % 16 == 0 ? 1 : 0;
            if (side <= 10)
                LaunchQueue(lane, plain ? SinkhornSmallKernel.PlainTen : SinkhornSmallKernel.Ten, 6, arguments);
            else
                LaunchQueue(lane, plain ? SinkhornSmallKernel.PlainFifteen : SinkhornSmallKernel.Fifteen, 4, arguments);
            device.Load<TransportArguments>(SinkhornTiesKernel.Find).LaunchPerItem(lane.Stream, arguments.Queue.Batch, arguments);
        }

        LaunchQueue(lane, plain ? SinkhornKernel.PlainRun : SinkhornKernel.Run, 1, arguments);
    }

    /// <summary>Launches a kernel whose warps take problems until none is left.</summary>
    private void LaunchQueue(GpuLane lane, Action<TransportArguments> method, int problemsPerWarp, in TransportArguments arguments)
    {
        LoadedKernel<TransportArguments> kernel = device.Load(method);
        long warps = (arguments.Queue.Batch + problemsPerWarp - 1) / problemsPerWarp;
        long wanted = ((warps * 32) + kernel.Threads - 1) / kernel.Threads;
        kernel.Launch(lane.Stream, Math.Min(wanted, device.IsEmulator ? 1 : (long)BlocksPerMultiprocessor * device.Accelerator.NumMultiprocessors), arguments);
    }

    /// <summary>exp(−c / ε) for every edit distance c: once per ε, from the host (SPEC A4).</summary>
    private ArrayView<double> TableOf(in TransportOptions options)
    {
        double epsilon = options.Epsilon;
        bool official = options.Kind == TransportKind.Official;
        (TransportKind, double) key = (official ? TransportKind.Official : TransportKind.SemiRelaxed, epsilon);
        Lazy<MemoryBuffer1D<double, Stride1D.Dense>> made = _tables.GetOrAdd(key, _ => new(() =>
        {
            double[] values = new double[256];
            for (int c = 0; c < values.Length; c++)
                values[c] = official ? OfficialKernelEntry(c, epsilon) : Math.Exp(-c / epsilon);
            MemoryBuffer1D<double, Stride1D.Dense> table = device.Allocate<double>(values.Length);
            table.View.BaseView.CopyFromCPU(device.Accelerator.DefaultStream, values);
            device.Accelerator.DefaultStream.Synchronize();
            return table;
        }));
        try
        {
            return made.Value.View.BaseView;
        }
        catch (Exception e)
        {
            // A device that was full may have room the next time.
            _tables.TryRemove(KeyValuePair.Create(key, made));
            if (device.Problem(e) is { } problem)
                throw problem;
            throw;
        }
    }

    /// <summary>exp(−λ·cost) as the reference forms it. 1/30 is not a binary fraction; the official λ is the whole number next to its reciprocal.</summary>
    internal static double OfficialKernelEntry(double cost, double epsilon)
    {
        double lambda = 1 / epsilon;
        if (Math.Abs(lambda - Math.Round(lambda)) < 1e-9)
            lambda = Math.Round(lambda);
        return StableExp.Exp(-lambda * cost);
    }
}
