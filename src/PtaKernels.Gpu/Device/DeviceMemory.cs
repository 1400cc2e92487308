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
        _buffers.Add(device.Allocate<byte>(checked(length * Interop.SizeOf<T>())));
        return _buffers[^1].View.BaseView.Cast<T>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MemoryBuffer1D<byte, Stride1D.Dense> buffer in _buffers)
            device.Free(buffer);
        _buffers.Clear();
    }
}
