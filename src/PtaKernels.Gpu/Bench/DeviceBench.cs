using System.Diagnostics;

namespace PtaKernels.Gpu;

/// <summary>Work whose data lies on the device already, so that what is timed is kernels. Not thread-safe.</summary>
/// <remarks>One lane, one stream: a pass starts when the one before it has ended.</remarks>
internal abstract class DeviceBench : IDisposable
{
    private (int, long, int, long) _position;

    private protected DeviceBench(GpuBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        Backend = backend;
        Lane = backend.Device.Rent();
    }

    private protected GpuBackend Backend { get; }

    private protected GpuLane Lane { get; }

    /// <summary>Seconds from the moment when nothing is queued to the moment when some passes are done.</summary>
    /// <param name="passes">Passes over all of the work, at least 1.</param>
    /// <exception cref="GpuException">A kernel failed or the device is full.</exception>
    public double Time(int passes)
    {
        Lane.Synchronize();
        long start = Stopwatch.GetTimestamp();
        for (int p = 0; p < passes; p++)
            Pass();
        Lane.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Lane.Synchronize();
        Lane.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Everything has been uploaded: what passes take after this is scratch of one pass.</summary>
    private protected void Ready()
    {
        Lane.Synchronize();
        _position = Lane.Position;
    }

    /// <summary>Queues one pass.</summary>
    private protected abstract void Queue();

    private protected void Pass()
    {
        Lane.Rewind(_position);
        Queue();
    }
}
