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

    /// <summary>Compute capability as its maker writes it, for example 9.0; null on the emulator.</summary>
    public string? ComputeCapability => Device.IsEmulator ? null : $"{Device.Capability / 10}.{Device.Capability % 10}";

    /// <summary>Versions of the driver and of the CUDA that it is for; null on the emulator.</summary>
    public string? Driver => Device.IsEmulator ? null : CudaDriver.Version;

    /// <summary>What a user should know of how this device came up, each sentence once.</summary>
    public IReadOnlyList<string> Notices => Device.Notices;

    /// <summary>The device.</summary>
    internal GpuDevice Device { get; }

    /// <summary>The CUDA devices that the driver shows, usable or not; none where there is no driver.</summary>
    public static IReadOnlyList<GpuDescription> Devices
    {
        get
        {
            try
            {
                return [.. CudaDriver.Devices().Select(static d => new GpuDescription(d.Name, CudaDriver.CapabilityOf(d) / 10, CudaDriver.CapabilityOf(d) % 10, d.MemorySize, d.DriverVersion.ToString()))];
            }
            catch (GpuException)
            {
                return [];
            }
        }
    }

    /// <summary>Opens a CUDA device and compares its arithmetic with the host's.</summary>
    /// <param name="index">Its number among those that the driver shows.</param>
    /// <param name="notice">Told each of <see cref="Notices"/> when it comes up, one at a time.</param>
    /// <exception cref="GpuException">There is no driver or device, one that is too old, or one whose answers would differ.</exception>
    public static GpuBackend OpenCuda(int index = 0, Action<string>? notice = null)
    {
        var device = GpuDevice.OpenCuda(index, notice);
        try
        {
            SelfTest.Of(device);
            return new GpuBackend(device);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Opens the emulator: the same kernels on the processor, thread by thread. For tests of small shapes; far slower than any other backend.</summary>
    public static GpuBackend OpenEmulator() => new(GpuDevice.OpenEmulator());

    /// <summary>One sentence for a device that is missing, too old, lost or out of memory; null for any other exception.</summary>
    public static string? Explain(Exception exception) => exception is GpuException ? exception.Message : CudaDriver.Explain(exception);

    /// <inheritdoc/>
    public void Dispose() => Device.Dispose();
}

/// <summary>A CUDA device as its driver describes it.</summary>
/// <param name="Name">The device as its maker calls it.</param>
/// <param name="Major">Compute capability before the point.</param>
/// <param name="Minor">Compute capability after the point.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="Cuda">The newest CUDA version that the driver serves, as 12.4.</param>
public sealed record GpuDescription(string Name, int Major, int Minor, long MemoryBytes, string Cuda);
