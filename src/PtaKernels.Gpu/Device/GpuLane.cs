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

    // A page-locked array is one array of the runtime, whose length is an int.
    private const long LargestStage = 1L << 30;

    private readonly GpuDevice _device;
    private readonly List<MemoryBuffer1D<byte, Stride1D.Dense>> _blocks = [];
    private readonly List<PageLockedArray1D<byte>> _stages = [];
    private int _block, _stage;
    private long _used, _staged;

    internal GpuLane(GpuDevice device)
    {
        _device = device;
        Stream = device.CreateStream();
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
        long size = Interop.SizeOf<T>(), unit = Alignment / (long)System.Numerics.BigInteger.GreatestCommonDivisor(Alignment, size) * size;
        long bytes = RoundUp(checked(length * size)), start = (_used + unit - 1) / unit * unit;
        while (_block < _blocks.Count && start + bytes > _blocks[_block].Length)
        {
            _block++;
            start = 0;
        }

        if (_block == _blocks.Count)
            AddBlock(bytes, Math.Max(bytes, _block == 0 ? SmallestBlock : 2 * _blocks[^1].Length));
        ArrayView<byte> piece = _blocks[_block].View.BaseView.SubView(start, bytes);
        _used = start + bytes;
        return piece.SubView(0, length * size).Cast<T>();
    }

    /// <summary>Takes memory and queues a copy of host values into it; the values may change as soon as this returns.</summary>
    public ArrayView<T> Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ArrayView<T> view = Take<T>(values.Length);
        Write(view, values);
        return view;
    }

    /// <summary>Copies host values into device memory and waits.</summary>
    public void Write<T>(ArrayView<T> view, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (values.IsEmpty || IsIdle)
            return;
        try
        {
            view.CopyFromCPU(Stream, values);
        }
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }

        Synchronize();
    }

    /// <summary>Page-locked host memory for this call, not cleared: copies to and from it overlap with other work.</summary>
    /// <exception cref="GpuException">The host has no memory left that may be locked.</exception>
    public Staged<T> Stage<T>(long length)
        where T : unmanaged
    {
        if (length == 0)
            return default;
        long bytes = RoundUp(checked(length * Interop.SizeOf<T>()));
        while (_stage < _stages.Count && _staged + bytes > _stages[_stage].Length)
        {
            _stage++;
            _staged = 0;
        }

        if (_stage == _stages.Count)
        {
            long size = Math.Max(bytes, _stage == 0 ? SmallestBlock : Math.Min(2 * _stages[^1].Length, LargestStage));
            try
            {
                _stages.Add(_device.Accelerator.AllocatePageLocked1D<byte>(size));
            }
            catch (Exception e) when (CudaDriver.IsOutOfMemory(e) || e is OutOfMemoryException)
            {
                _device.ExpectRemains();
                throw new GpuException($"the machine has no room for {size:N0} more bytes of page-locked memory; use a smaller batch or stop other programs.", e) { OutOfMemory = true };
            }
            catch (Exception e) when (_device.Problem(e) is { } problem)
            {
                throw problem;
            }
        }

        var staged = new Staged<T>(_stages[_stage].ArrayView.SubView(_staged, bytes).Cast<T>().SubView(0, length));
        _staged += bytes;
        return staged;
    }

    /// <summary>Takes device memory and queues a copy of staged values into it; the staged memory must stay as it is until the lane is synchronised.</summary>
    public ArrayView<T> Send<T>(in Staged<T> staged)
        where T : unmanaged
    {
        ArrayView<T> view = Take<T>(staged.Length);
        if (staged.Length != 0)
            Copy(staged.View, view);
        return view;
    }

    /// <summary>Queues a copy of device values into page-locked memory, to be read after <see cref="Synchronize"/>.</summary>
    public Staged<T> Receive<T>(ArrayView<T> view)
        where T : unmanaged
    {
        Staged<T> staged = Stage<T>(view.Length);
        if (staged.Length == 0)
            return staged;
        if (_device.Rehearsal is { } rehearsal)
            rehearsal.Receive(this, view, staged);
        else
            Copy(view, staged.View);
        return staged;
    }

    /// <summary>Takes memory with every byte 0.</summary>
    public ArrayView<T> TakeZeroed<T>(long length)
        where T : unmanaged
    {
        ArrayView<T> view = Take<T>(length);
        try
        {
            if (length != 0 && !IsIdle)
                view.MemSetToZero(Stream);
            return view;
        }
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>Waits for what is queued and copies device values to the host.</summary>
    public void Download<T>(ArrayView<T> view, Span<T> destination)
        where T : unmanaged
    {
        try
        {
            if (!destination.IsEmpty && !IsIdle)
                view.SubView(0, destination.Length).CopyToCPU(Stream, destination);
        }
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }

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
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>Gives all memory back to the lane; nothing may still be queued.</summary>
    internal void Reset() => (_block, _used, _stage, _staged) = (0, 0, 0, 0);

    /// <summary>Where the next piece of memory is taken; <see cref="Rewind"/> gives back what was taken since.</summary>
    internal (int Block, long Used, int Stage, long Staged) Position => (_block, _used, _stage, _staged);

    /// <summary>Gives back what was taken since a <see cref="Position"/>. What is queued may still use it: it comes before whatever this stream is given next.</summary>
    internal void Rewind((int Block, long Used, int Stage, long Staged) position) => (_block, _used, _stage, _staged) = position;

    /// <summary>Gives the lane back to its device.</summary>
    public void Dispose()
    {
        FilledBy = null;
        _device.Rehearsal?.End(this);
        _device.Return(this);
    }

    /// <summary>The rehearsal whose answers lie in the page-locked memory; null once any other call had the lane.</summary>
    internal Rehearsal? FilledBy { get; set; }

    // Only the host's part of a call runs.
    private bool IsIdle => _device.Rehearsal is { Replays: true };

    /// <summary>Whether nothing is queued any more; false on a device that is lost.</summary>
    /// <remarks>A call that an exception ended may leave copies behind, and the next one must not write under them.</remarks>
    internal bool Settle()
    {
        try
        {
            Synchronize();
            return true;
        }
        catch (GpuException)
        {
            return false;
        }
    }

    /// <summary>Frees the memory and the stream.</summary>
    internal void Release()
    {
        FreeMemory();
        _device.Free(Stream);
    }

    /// <summary>Frees the memory of a lane that nobody uses.</summary>
    internal void FreeMemory()
    {
        FreeBlocks();
        foreach (PageLockedArray1D<byte> stage in _stages)
            _device.Free(stage);
        _stages.Clear();
    }

    /// <summary>Queues a copy between device memory and device or page-locked memory.</summary>
    internal void Copy<T>(ArrayView<T> from, ArrayView<T> to)
        where T : unmanaged
    {
        if (IsIdle)
            return;
        try
        {
            from.CopyTo(Stream, to);
        }
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    private static long RoundUp(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>Adds a block that is larger than needed, so that few are; on a device that is nearly full one that just fits.</summary>
    private void AddBlock(long needed, long wished)
    {
        long room = _device.MemoryLimit - _blocks.Sum(static block => block.Length);
        if (needed > room)
            throw Full(needed, null);
        try
        {
            _blocks.Add(_device.Allocate<byte>(Math.Min(wished, room)));
        }
        catch (GpuException e) when (e.OutOfMemory && wished > needed)
        {
            AddBlock(needed, needed);
        }
        catch (GpuException e) when (e.OutOfMemory)
        {
            throw Full(needed, e);
        }

        _used = 0;
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
            _device.Free(block);
        _blocks.Clear();
        Reset();
    }
}

/// <summary>Page-locked host memory of a lane.</summary>
/// <typeparam name="T">A blittable element.</typeparam>
internal readonly unsafe struct Staged<T>(ArrayView<T> view)
    where T : unmanaged
{
    // Asked for once: rows are read one value at a time.
    private readonly void* _host = view.Length == 0 ? null : System.Runtime.CompilerServices.Unsafe.AsPointer(ref view.LoadEffectiveAddress());

    /// <summary>The memory as the device's copies see it.</summary>
    public ArrayView<T> View { get; } = view;

    /// <summary>Number of elements.</summary>
    public int Length { get; } = view.IntLength;

    /// <summary>The memory as the host sees it.</summary>
    public Span<T> Span => new(_host, Length);
}
