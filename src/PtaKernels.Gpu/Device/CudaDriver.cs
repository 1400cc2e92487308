using System.Globalization;
using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>What stands between the program and a CUDA device, in sentences.</summary>
internal static class CudaDriver
{
    private const int OldestCapability = 80;

    private const string UnsupportedPtx = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";

    private static readonly Lazy<string?> Missing = new(static () =>
    {
        // The library first: without a driver nothing of ILGPU is loaded.
        if (!TryLoad(out nint library))
            return "no CUDA driver was found (libcuda.so.1); install the NVIDIA driver, 525 or later, or use --backend native.";
        if (Start(library) is { } problem)
            return problem;
        ResolveDriver();
        return null;
    });

    /// <summary>Why no CUDA device can be used here, or null.</summary>
    public static string? WhyUnavailable
    {
        get
        {
            try
            {
                Choose(Devices(), 0);
                return null;
            }
            catch (GpuException e)
            {
                return e.Message;
            }
        }
    }

    /// <summary>The driver's version where the system tells it, and the CUDA version that it is for.</summary>
    public static string Version
    {
        get
        {
            const string Module = "/proc/driver/nvidia/version";
            CudaAPI.CurrentAPI.GetDriverVersion(out CudaDriverVersion cuda);
            string release = File.Exists(Module)
                ? File.ReadLines(Module).SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(static word => word.Contains('.', StringComparison.Ordinal) && System.Version.TryParse(word, out _)) ?? ""
                : "";
            return $"{release} CUDA {cuda.Major}.{cuda.Minor}".TrimStart();
        }
    }

    /// <summary>Every device that the driver shows, usable or not.</summary>
    /// <remarks>Not through ILGPU's context builder: that leaves out devices whose driver it does not know, and takes the library's resolver on Windows' Linux.</remarks>
    /// <exception cref="GpuException">No driver, or one that is too old.</exception>
    public static IReadOnlyList<CudaDevice> Devices()
    {
        Require();
        return [.. CudaDevice.GetDevices(static _ => true).Cast<CudaDevice>()];
    }

    /// <summary>Compute capability times ten.</summary>
    public static int CapabilityOf(CudaDevice device) => device.Architecture is { } sm ? (sm.Major * 10) + sm.Minor : 0;

    /// <summary>Makes sure of a driver.</summary>
    /// <exception cref="GpuException">No driver, or one that is too old.</exception>
    public static void Require()
    {
        if (Missing.Value is { } missing)
            throw new GpuException(missing);
        CudaError error = CudaAPI.CurrentAPI.GetDriverVersion(out CudaDriverVersion version);
        if (error != CudaError.CUDA_SUCCESS)
            throw new GpuException(Sentence(error.ToString()));
        if (version.Major < 12)
            throw new GpuException($"the CUDA driver is for CUDA {version.Major}.{version.Minor}, and the kernels need 12.0; install driver 525 or later, or use --backend native.");
    }

    /// <summary>A device by number.</summary>
    /// <exception cref="GpuException">There is none, or it is too old.</exception>
    public static CudaDevice Choose(IReadOnlyList<CudaDevice> devices, int index)
    {
        if (devices.Count == 0)
            throw new GpuException("the CUDA driver shows no device; check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --backend native.");
        if (index >= devices.Count)
            throw new GpuException($"CUDA device {index} does not exist; the driver shows {devices.Count}, numbered from 0.");
        CudaDevice device = devices[index];
        int capability = CapabilityOf(device);
        if (capability < OldestCapability)
            throw new GpuException($"{device.Name} has compute capability {capability / 10}.{capability % 10}, and the kernels need 8.0 (A100 or later); use --backend native.");
        return device;
    }

    /// <summary>Whether an exception says that the device's memory is used up.</summary>
    public static bool IsOutOfMemory(Exception exception) => exception is CudaException { Error: nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) };

    /// <summary>One sentence for an exception of the driver's, or null for any other.</summary>
    public static string? Explain(Exception exception) => exception is CudaException cuda ? Sentence(cuda.Error) : null;

    /// <summary>Whether an exception says that a kernel's PTX is damaged, so that fresh PTX may do.</summary>
    public static bool IsDamagedPtx(CudaException exception) => exception.Error is
        nameof(CudaError.CUDA_ERROR_INVALID_PTX) or nameof(CudaError.CUDA_ERROR_NO_BINARY_FOR_GPU) or nameof(CudaError.CUDA_ERROR_INVALID_IMAGE);

    /// <summary>One sentence for an error of the driver interface.</summary>
    /// <param name="error">Its name, or its number where ILGPU has no name for it.</param>
    internal static string Sentence(string error) => SentenceOf(NameOf(error));

    private static string SentenceOf(string error) => error switch
    {
        nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) => "the device's memory is used up; use a smaller batch or stop other programs on it.",
        nameof(CudaError.CUDA_ERROR_NO_DEVICE) => "the CUDA driver shows no device; check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --backend native.",
        "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" or "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE" =>
            "the CUDA driver library and the kernel's driver are of two versions; restart the machine after a driver update, or use --backend native.",
        nameof(CudaError.CUDA_ERROR_INVALID_PTX) or UnsupportedPtx or nameof(CudaError.CUDA_ERROR_NO_BINARY_FOR_GPU) =>
            $"the driver does not take these kernels ({error}); install driver 525 or later, or use --backend native.",
        nameof(CudaError.CUDA_ERROR_ILLEGAL_ADDRESS) or nameof(CudaError.CUDA_ERROR_LAUNCH_FAILED) or nameof(CudaError.CUDA_ERROR_ECC_UNCORRECTABLE)
            or nameof(CudaError.CUDA_ERROR_HARDWARE_STACK_ERROR) or nameof(CudaError.CUDA_ERROR_ILLEGAL_INSTRUCTION) or nameof(CudaError.CUDA_ERROR_MISALIGNED_ADDRESS)
            or nameof(CudaError.CUDA_ERROR_INVALID_ADDRESS_SPACE) or nameof(CudaError.CUDA_ERROR_INVALID_PC) or nameof(CudaError.CUDA_ERROR_LAUNCH_TIMEOUT)
            or nameof(CudaError.CUDA_ERROR_NVLINK_UNCORRECTABLE) or nameof(CudaError.CUDA_ERROR_CONTEXT_IS_DESTROYED) or "CUDA_ERROR_CONTAINED" =>
            $"the device stopped working ({error}) and this program cannot use it any more; start again, with --backend native if it happens twice.",
        "CUDA_ERROR_STUB_LIBRARY" => "the CUDA driver library found is the toolkit's stub, not a driver; take its folder out of LD_LIBRARY_PATH, or use --backend native.",
        "CUDA_ERROR_DEVICE_UNAVAILABLE" =>
            "the device is taken by another program, or closed to this one (CUDA_ERROR_DEVICE_UNAVAILABLE); look at nvidia-smi, or use --backend native.",
        "CUDA_ERROR_SYSTEM_NOT_READY" => "the device is not ready (CUDA_ERROR_SYSTEM_NOT_READY); start the machine's fabric manager, or use --backend native.",
        _ => $"the CUDA driver reports {error}; start again, or use --backend native.",
    };

    /// <summary>Names that ILGPU 1.5.3 does not know.</summary>
    private static string NameOf(string error) => !int.TryParse(error, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? error : number switch
    {
        34 => "CUDA_ERROR_STUB_LIBRARY",
        46 => "CUDA_ERROR_DEVICE_UNAVAILABLE",
        222 => UnsupportedPtx,
        721 => "CUDA_ERROR_CONTAINED",
        802 => "CUDA_ERROR_SYSTEM_NOT_READY",
        803 => "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        804 => "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
        _ => $"error {error}",
    };

    /// <summary>Starts the driver. ILGPU does it too, but only says that it failed.</summary>
    /// <returns>Why it does not start, or null.</returns>
    private static unsafe string? Start(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "cuInit", out nint start))
            return "the libcuda.so.1 that was found is no CUDA driver; install the NVIDIA driver, 525 or later, or use --backend native.";
        int error = ((delegate* unmanaged<uint, int>)start)(0);
        return error == 0 ? null : Sentence(((CudaError)error).ToString());
    }

    /// <summary>ILGPU asks for libcuda.so, a development link that machines with a bare driver do not have.</summary>
    private static void ResolveDriver() =>
        NativeLibrary.SetDllImportResolver(typeof(CudaAPI).Assembly, static (name, _, _) => name == "cuda" && TryLoad(out nint library) ? library : 0);

    private static bool TryLoad(out nint library) => NativeLibrary.TryLoad("libcuda.so.1", out library) || NativeLibrary.TryLoad("cuda", out library);
}
