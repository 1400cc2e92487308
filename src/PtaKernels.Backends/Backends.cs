using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Backends;

/// <summary>The one place that knows every backend.</summary>
public static class Backends
{
    /// <summary>The environment variable that names the backend when no option does.</summary>
    public const string EnvironmentVariable = "PTAKERNELS_BACKEND";

    private const string Auto = "auto", Native = "native", Plain = "reference";

    /// <summary>Names of the backends that run here, in the order in which <c>auto</c> prefers them, best first.</summary>
    public static IReadOnlyList<string> Available { get; } = NativeLibraryFile.WhyUnavailable is null ? [Native, Plain] : [Plain];

    /// <summary>Every name that a backend may have.</summary>
    public static IReadOnlyList<string> Names { get; } = [Native, Plain];

    /// <summary>Opens a backend by name; <c>auto</c> or null takes <see cref="EnvironmentVariable"/>, then the best available.</summary>
    /// <param name="name">One of <see cref="Names"/>, <c>auto</c> or null.</param>
    /// <param name="notice">Told when <c>auto</c> has to do without a faster backend, and why.</param>
    /// <exception cref="ArgumentException">The name is unknown or does not run here, or <c>PTAKERNELS_ISA</c> forces what this machine lacks.</exception>
    public static IKernelBackend Open(string? name, Action<string>? notice = null)
    {
        string asked = name is null or Auto ? Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } forced ? forced : Auto : name;
        switch (asked)
        {
            case Plain:
                return new ReferenceBackend();
            case Auto when NativeLibraryFile.WhyUnavailable is { } problem:
                notice?.Invoke($"{problem} Until then backend {Plain} runs, which gives the same results far more slowly.");
                return new ReferenceBackend();
            case Native when NativeLibraryFile.WhyUnavailable is { } problem:
                throw new ArgumentException($"backend {Native} does not run here: {problem}");
            case Auto or Native:
                return new NativeBackend();
            default:
                throw new ArgumentException($"backend '{asked}' is unknown; use {string.Join(", ", Names)} or {Auto}.");
        }
    }
}
