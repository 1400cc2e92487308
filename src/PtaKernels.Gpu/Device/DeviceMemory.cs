using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>Where device memory is taken from.</summary>
internal interface IDeviceMemory
{
    /// <summary>Memory, not cleared.</summary>
    ArrayView<T> Take<T>(long length)
        where T : unmanaged;
}

/// <summary>Memory of one call.</summary>
internal sealed class LaneMemory(GpuLane lane) : IDeviceMemory
{
    /// <inheritdoc/>
    public ArrayView<T> Take<T>(long length)
        where T : unmanaged => lane.Take<T>(length);
}

/// <summary>Memory that stays until it is disposed. Not thread-safe.</summary>
internal sealed class OwnedMemory(GpuDevice device) : IDeviceMemory, IDisposable
{
    private readonly List<MemoryBuffer1D<byte, Stride1D.Dense>> _buffers = [];

    /// <inheritdoc/>
    public ArrayView<T> Take<T>(long length)
        where T : unmanaged
    {
        if (length == 0)
            return ArrayView<T>.Empty;
        device.Accelerator.Bind();
        try
        {
            _buffers.Add(device.Accelerator.Allocate1D<byte>(checked(length * Interop.SizeOf<T>())));
        }
        catch (Exception e) when (device.Explain(e) is { } problem)
        {
            throw new GpuException(problem, e) { OutOfMemory = CudaDriver.IsOutOfMemory(e) };
        }

        return _buffers[^1].View.BaseView.Cast<T>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        device.Accelerator.Bind();
        foreach (MemoryBuffer1D<byte, Stride1D.Dense> buffer in _buffers)
            buffer.Dispose();
        _buffers.Clear();
    }
}
