using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>A stream and the device memory of one call at a time: taken piece by piece, given back all at once. Not thread-safe.</summary>
/// <remarks>Allocation waits for the device, so blocks are kept between calls and only grow.</remarks>
internal sealed class GpuLane : IDisposable
{
    // The alignment that vector loads of 16 bytes and coalesced rows want.
    private const long Alignment = 256;
    private const long SmallestBlock = 1L << 20;

    private readonly GpuDevice _device;
    private readonly List<MemoryBuffer1D<byte, Stride1D.Dense>> _blocks = [];
    private int _block;
    private long _used;

    internal GpuLane(GpuDevice device)
    {
        _device = device;
        Stream = device.Accelerator.CreateStream();
    }

    /// <summary>The stream that this call's copies and kernels are queued on.</summary>
    public AcceleratorStream Stream { get; }

    /// <summary>Device memory for this call, not cleared.</summary>
    /// <typeparam name="T">A blittable element.</typeparam>
    /// <param name="length">Elements; 0 gives an empty view.</param>
    /// <exception cref="GpuException">The device is full.</exception>
    public ArrayView<T> Take<T>(long length)
        where T : unmanaged
    {
        if (length == 0)
            return ArrayView<T>.Empty;
        // A view of bytes becomes one of T at a multiple of T's size only.
        if (Alignment % Interop.SizeOf<T>() != 0)
            throw new NotSupportedException($"{typeof(T).Name} has {Interop.SizeOf<T>()} bytes; elements of device memory need a power of two up to {Alignment}.");
        long bytes = (checked(length * Interop.SizeOf<T>()) + Alignment - 1) / Alignment * Alignment;
        while (_block < _blocks.Count && _used + bytes > _blocks[_block].Length)
        {
            _block++;
            _used = 0;
        }

        if (_block == _blocks.Count)
            AddBlock(Math.Max(bytes, _block == 0 ? SmallestBlock : 2 * _blocks[^1].Length));
        ArrayView<byte> piece = _blocks[_block].View.BaseView.SubView(_used, bytes);
        _used += bytes;
        return piece.Cast<T>().SubView(0, length);
    }

    /// <summary>Takes memory and queues a copy of host values into it; the values may change as soon as this returns.</summary>
    public ArrayView<T> Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ArrayView<T> view = Take<T>(values.Length);
        if (!values.IsEmpty)
        {
            view.CopyFromCPU(Stream, values);
            Synchronize();
        }

        return view;
    }

    /// <summary>Takes memory with every byte 0.</summary>
    public ArrayView<T> TakeZeroed<T>(long length)
        where T : unmanaged
    {
        ArrayView<T> view = Take<T>(length);
        if (length != 0)
            view.MemSetToZero(Stream);
        return view;
    }

    /// <summary>Waits for what is queued and copies device values to the host.</summary>
    public void Download<T>(ArrayView<T> view, Span<T> destination)
        where T : unmanaged
    {
        if (!destination.IsEmpty)
            view.SubView(0, destination.Length).CopyToCPU(Stream, destination);
        Synchronize();
    }

    /// <summary>Waits for what is queued.</summary>
    /// <exception cref="GpuException">A kernel failed or the device is lost.</exception>
    public void Synchronize()
    {
        try
        {
            Stream.Synchronize();
        }
        catch (Exception e) when (_device.Explain(e) is { } problem)
        {
            throw new GpuException(problem, e);
        }
    }

    /// <summary>Gives all memory back to the lane; nothing may still be queued.</summary>
    internal void Reset() => (_block, _used) = (0, 0);

    /// <summary>Gives the lane back to its device.</summary>
    public void Dispose() => _device.Return(this);

    /// <summary>Frees the memory and the stream.</summary>
    internal void Release()
    {
        FreeBlocks();
        Stream.Dispose();
    }

    private void AddBlock(long bytes)
    {
        if (_blocks.Sum(static block => block.Length) + bytes > _device.MemoryLimit)
            throw Full(bytes, null);
        try
        {
            _blocks.Add(_device.Accelerator.Allocate1D<byte>(bytes));
            _used = 0;
        }
        catch (Exception e) when (CudaDriver.IsOutOfMemory(e))
        {
            throw Full(bytes, e);
        }
        catch (Exception e) when (_device.Explain(e) is { } problem)
        {
            throw new GpuException(problem, e);
        }
    }

    /// <summary>What this lane held is freed, so that a smaller batch finds room.</summary>
    private GpuException Full(long bytes, Exception? cause)
    {
        long held = _blocks.Sum(static block => block.Length);
        FreeBlocks();
        return new GpuException($"{_device.Name} has no room for {bytes:N0} more bytes beside {held:N0}; use a smaller batch or stop other programs on it.", cause) { OutOfMemory = true };
    }

    private void FreeBlocks()
    {
        foreach (MemoryBuffer1D<byte, Stride1D.Dense> block in _blocks)
            block.Dispose();
        _blocks.Clear();
        Reset();
    }
}
