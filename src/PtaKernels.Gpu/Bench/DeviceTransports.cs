using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>Official or semi-relaxed transports of one shape, from costs and masses on the device to plans on the device.</summary>
internal sealed class DeviceTransports : DeviceBench
{
    private readonly TransportQueue _queue;
    private readonly TransportOptions _options;

    /// <summary>Uploads the problems, each copied as often as is asked for, all of them before any is repeated.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="cost">[batch, n, m].</param>
    /// <param name="marginals">a [batch, n], b [batch, m].</param>
    /// <param name="options">Kind and parameters.</param>
    /// <param name="copies">At least 1.</param>
    /// <exception cref="GpuException">The device is full.</exception>
    public DeviceTransports(GpuBackend backend, in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, int copies)
        : base(backend)
    {
        _options = options;
        _queue = new TransportQueue
        {
            Batch = checked(cost.Batch * copies),
            Rows = cost.Rows,
            Columns = cost.Columns,
            Cost = Repeat(cost.Values, copies),
            A = Repeat(marginals.A, copies),
            B = Repeat(marginals.B, copies),
            Plan = Lane.Take<double>((long)cost.Values.Length * copies),
            Outcomes = Lane.Take<DeviceOutcome>((long)cost.Batch * copies),
        };
        Ready();
    }

    /// <summary>Problems in all.</summary>
    public int Problems => _queue.Batch;

    /// <summary>Makes one pass and reads how all problems ended, and the plans of the first and of the last ones.</summary>
    /// <param name="outcomes">[problems].</param>
    /// <param name="first">Plans of the first problems, as many as fit.</param>
    /// <param name="last">Plans of the last problems.</param>
    public void Answer(Span<TransportOutcome> outcomes, Span<double> first, Span<double> last)
    {
        Pass();
        var endings = new DeviceOutcome[_queue.Batch];
        Lane.Download(_queue.Outcomes, endings);
        Lane.Download(_queue.Plan, first);
        Lane.Download(_queue.Plan.SubView(_queue.Plan.Length - last.Length, last.Length), last);
        for (int p = 0; p < endings.Length; p++)
            outcomes[p] = new TransportOutcome((TransportStatus)endings[p].Status, endings[p].Iterations, endings[p].MarginalError);
    }

    private protected override void Queue() => Backend.Transports.QueueSolve(Lane, _queue, _options);

    private ArrayView<T> Repeat<T>(ReadOnlySpan<T> values, int copies)
        where T : unmanaged
    {
        ArrayView<T> once = Lane.Upload(values), all = Lane.Take<T>((long)values.Length * copies);
        for (int c = 0; c < copies; c++)
            once.CopyTo(Lane.Stream, all.SubView((long)c * values.Length, values.Length));
        return all;
    }
}
