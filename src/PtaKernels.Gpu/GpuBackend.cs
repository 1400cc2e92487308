namespace PtaKernels.Gpu;

/// <summary>The kernels on a CUDA device, or on ILGPU's emulator of one.</summary>
public sealed partial class GpuBackend : IKernelBackend, IDisposable
{
    /// <summary>Name of the backend on a CUDA device.</summary>
    public const string Cuda = "ilgpu-cuda";

    /// <summary>Name of the backend on the emulator.</summary>
    public const string Emulator = "ilgpu-cpu";

    private GpuBackend(GpuDevice device)
    {
        Device = device;
        _transports = new(() => new TransportKernels(device));
        // The emulator runs on the arithmetic that it would be compared with.
        if (!device.IsEmulator)
            SelfTest.Of(device);
    }

    /// <summary>Why <see cref="OpenCuda"/> cannot work here, one sentence, or null.</summary>
    public static string? WhyUnavailable => CudaDriver.WhyUnavailable;

    /// <summary>Whether this machine shows an NVIDIA device, usable or not.</summary>
    public static bool DeviceIsVisible => File.Exists("/dev/nvidiactl") || File.Exists("/dev/dxg");

    /// <inheritdoc/>
    public string Name => Device.IsEmulator ? Emulator : Cuda;

    /// <inheritdoc/>
    public string Isa => Device.IsEmulator ? "emulator" : $"sm_{Device.Capability}";

    /// <inheritdoc/>
    public int DocumentsAtOnce => 512;

    /// <summary>The device as its maker calls it.</summary>
    public string DeviceName => Device.Name;

    /// <summary>What a user should know of how this device came up, each sentence once.</summary>
    public IReadOnlyList<string> Notices => Device.Notices;

    /// <summary>The device.</summary>
    internal GpuDevice Device { get; }

    /// <summary>Opens a CUDA device.</summary>
    /// <param name="index">Its number among those that the driver shows.</param>
    /// <exception cref="GpuException">There is no driver or device, or one that is too old.</exception>
    public static GpuBackend OpenCuda(int index = 0) => new(GpuDevice.OpenCuda(index));

    /// <summary>Opens the emulator: the same kernels on the processor, thread by thread. For tests of small shapes; far slower than any other backend.</summary>
    public static GpuBackend OpenEmulator() => new(GpuDevice.OpenEmulator());

    /// <inheritdoc/>
    public void Dispose() => Device.Dispose();
}
