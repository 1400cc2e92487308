using CommunityToolkit.HighPerformance;
using ILGPU;
using ILGPU.Runtime;
using PtaKernels.Transport;

namespace PtaKernels.Gpu;

internal sealed partial class TransportKernels
{
    private long _handedOver;

    /// <summary>Problems solved by <see cref="HandOver"/> so far.</summary>
    public long HandedOver => Interlocked.Read(ref _handedOver);

    /// <summary>Waits for what is queued and solves on the host, by the routine that all backends share, the problems that the kernels left (SPEC A3.4).</summary>
    /// <remarks>Their plans, potentials and outcomes are put in place on the device. Official and semi-relaxed problems are never left.</remarks>
    /// <param name="lane">As for <see cref="QueueSolve"/>.</param>
    /// <param name="queue">As for <see cref="QueueSolve"/>.</param>
    /// <param name="options">As for <see cref="QueueSolve"/>.</param>
    /// <returns>Number of problems solved here.</returns>
    public int HandOver(GpuLane lane, in TransportQueue queue, in TransportOptions options)
    {
        if (options.Kind != TransportKind.Balanced || queue.Batch == 0)
        {
            lane.Synchronize();
            return 0;
        }

        Staged<DeviceOutcome> received = lane.Receive(queue.Outcomes.SubView(0, queue.Batch));
        lane.Synchronize();
        Span<DeviceOutcome> outcomes = received.Span;
        int handed = 0;
        foreach (DeviceOutcome outcome in outcomes)
            handed += outcome.Status == DeviceOutcome.Handed ? 1 : 0;
        if (handed == 0)
            return 0;
        int[] rowCounts = CountsOf(lane, queue.RowCounts, queue.Batch, queue.Rows), columnCounts = CountsOf(lane, queue.ColumnCounts, queue.Batch, queue.Columns);
        for (int p = 0; p < queue.Batch; p++)
        {
            // A problem without rows was skipped: its outcome may hold anything.
            if (outcomes[p].Status == DeviceOutcome.Handed && rowCounts[p] > 0)
                SolveOnHost(lane, queue, options, p, rowCounts[p], columnCounts[p]);
            else if (outcomes[p].Status == DeviceOutcome.Handed)
                handed--;
        }

        Interlocked.Add(ref _handedOver, handed);
        return handed;
    }

    private static void SolveOnHost(GpuLane lane, in TransportQueue queue, in TransportOptions options, int problem, int rows, int columns)
    {
        int n = queue.Rows, m = queue.Columns;
        byte[] costs = new byte[n * m];
        double[] a = new double[n], b = new double[m], f = new double[n], g = new double[m];
        lane.Download(queue.Cost.SubView((long)problem * n * m, n * m), costs);
        lane.Download(queue.A.SubView((long)problem * n, n), a);
        lane.Download(queue.B.SubView((long)problem * m, m), b);
        double[,] cost = new double[rows, columns], plan = new double[rows, columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                cost[i, j] = costs[(i * m) + j];
        }

        Array.Fill(f, double.NegativeInfinity);
        Array.Fill(g, double.NegativeInfinity);
        TransportOutcome outcome = BalancedTransport.Solve(
            cost, a.AsSpan(0, rows), b.AsSpan(0, columns), options.Epsilon, plan, f.AsSpan(0, rows), g.AsSpan(0, columns));
        double[] padded = new double[n * m];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                padded[(i * m) + j] = plan[i, j];
        }

        Put(lane, queue.Plan, (long)problem * n * m, padded);
        if (queue.F.Length != 0)
            Put(lane, queue.F, (long)problem * n, f);
        if (queue.G.Length != 0)
            Put(lane, queue.G, (long)problem * m, g);
        Put(lane, queue.Outcomes, problem, [new DeviceOutcome { Status = (int)outcome.Status, Iterations = outcome.Iterations, MarginalError = outcome.MarginalError }]);
        lane.Synchronize();
    }

    private static int[] CountsOf(GpuLane lane, ArrayView<int> counts, int batch, int all)
    {
        int[] values = new int[batch];
        if (counts.Length == 0)
            Array.Fill(values, all);
        else
            lane.Download(counts, values);
        return values;
    }

    private static void Put<T>(GpuLane lane, ArrayView<T> view, long first, T[] values)
        where T : unmanaged => view.SubView(first, values.Length).CopyFromCPU(lane.Stream, values);
}
