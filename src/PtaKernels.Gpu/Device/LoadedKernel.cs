using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>A kernel on a device, ready to launch.</summary>
/// <typeparam name="TArguments">The struct that the kernel takes.</typeparam>
internal sealed class LoadedKernel<TArguments>
    where TArguments : struct
{
    private readonly Action<AcceleratorStream, KernelConfig, TArguments> _launch;
    private readonly GpuDevice _device;

    internal LoadedKernel(GpuDevice device, KernelEntry entry, Kernel kernel)
    {
        _device = device;
        Threads = device.IsEmulator ? entry.Shape.EmulatorThreads : entry.Shape.Threads;
        _launch = kernel.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TArguments>>();
    }

    /// <summary>Threads of a block.</summary>
    public int Threads { get; }

    /// <summary>Queues the kernel on a stream; nothing happens for 0 blocks.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="blocks">Blocks of <see cref="Threads"/> threads.</param>
    /// <param name="arguments">The arguments; their buffers must live until the stream is synchronised.</param>
    public void Launch(AcceleratorStream stream, long blocks, in TArguments arguments)
    {
        if (blocks == 0 || _device.Rehearsal is { Replays: true })
            return;
        try
        {
            var shape = new KernelConfig(new Index1D(checked((int)blocks)), new Index1D(Threads));
            if (_device.IsEmulator)
            {
                // The emulator has one set of threads for all streams.
                lock (_device)
                    _launch(stream, shape, arguments);
                return;
            }

            _launch(stream, shape, arguments);
        }
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>Queues one thread per item.</summary>
    public void LaunchPerItem(AcceleratorStream stream, long items, in TArguments arguments) => Launch(stream, (items + Threads - 1) / Threads, arguments);

    /// <summary>Queues one warp per item.</summary>
    public void LaunchPerWarp(AcceleratorStream stream, long items, in TArguments arguments) => LaunchPerItem(stream, items * 32, arguments);
}
