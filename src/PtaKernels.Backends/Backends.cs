using PtaKernels.Gpu;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Backends;

/// <summary>The one place that knows every backend.</summary>
public static class Backends
{
    /// <summary>The environment variable that names the backend when no option does.</summary>
    public const string EnvironmentVariable = "PTAKERNELS_BACKEND";

    private const string Auto = "auto", Native = "native", Plain = "reference";

    /// <summary>Every name that a backend may have, in the order in which <c>auto</c> prefers them; it never takes the emulator.</summary>
    public static IReadOnlyList<string> Names { get; } = [GpuBackend.Cuda, Native, Plain, GpuBackend.Emulator];

    /// <summary>Names of the backends that run here, in the same order.</summary>
    public static IReadOnlyList<string> Available { get; } = [.. Names.Where(static name => WhyUnavailable(name) is null)];

    /// <summary>Why a backend does not run here, one sentence, or null.</summary>
    public static string? WhyUnavailable(string name) => name switch
    {
        GpuBackend.Cuda => GpuBackend.WhyUnavailable,
        Native => NativeLibraryFile.WhyUnavailable,
        _ => null,
    };

    /// <summary>Opens a backend by name; <c>auto</c> or null takes <see cref="EnvironmentVariable"/>, then the best available.</summary>
    /// <param name="name">One of <see cref="Names"/>, <c>auto</c> or null.</param>
    /// <param name="notice">
    /// Told when <c>auto</c> has to do without a faster backend, and why; a machine without any sign of an NVIDIA device is told only if it asked for <c>auto</c>. Also told,
    /// as it works, what a GPU has to make known.
    /// </param>
    /// <exception cref="ArgumentException">The name is unknown or does not run here, or <c>PTAKERNELS_ISA</c> forces what this machine lacks.</exception>
    public static IKernelBackend Open(string? name, Action<string>? notice = null)
    {
        string asked = name is null or Auto ? Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } forced ? forced : Auto : name;
        switch (asked)
        {
            case Plain:
                return new ReferenceBackend();
            case GpuBackend.Emulator:
                return GpuBackend.OpenEmulator();
            case Auto:
                return OpenBest(askedByName: name is Auto, notice);
            case Native or GpuBackend.Cuda when WhyUnavailable(asked) is { } problem:
                throw new ArgumentException($"backend {asked} does not run here: {problem}");
            case Native:
                return new NativeBackend();
            case GpuBackend.Cuda:
                return OpenCuda(notice);
            default:
                throw new ArgumentException($"backend '{asked}' is unknown; use {string.Join(", ", Names)} or {Auto}.");
        }
    }

    private static IKernelBackend OpenBest(bool askedByName, Action<string>? notice)
    {
        string? problem = GpuBackend.WhyUnavailable;
        if (problem is null)
        {
            try
            {
                return GpuBackend.OpenCuda(notice: notice);
            }
            catch (GpuException e)
            {
                problem = e.Message;
            }
        }

        bool runsNative = NativeLibraryFile.WhyUnavailable is null;
        if (askedByName || GpuBackend.DeviceIsVisible)
            notice?.Invoke($"{problem} Until then backend {(runsNative ? Native : Plain)} runs, which gives the same results.");
        if (runsNative)
            return new NativeBackend();
        notice?.Invoke($"{NativeLibraryFile.WhyUnavailable} Until then backend {Plain} runs, which gives the same results far more slowly.");
        return new ReferenceBackend();
    }

    private static GpuBackend OpenCuda(Action<string>? notice)
    {
        try
        {
            return GpuBackend.OpenCuda(notice: notice);
        }
        catch (GpuException e)
        {
            throw new ArgumentException($"backend {GpuBackend.Cuda} does not run here: {e.Message}", e);
        }
    }
}
