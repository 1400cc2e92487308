using PtaKernels.Reference;

namespace PtaKernels.Backends;

/// <summary>The one place that knows every backend.</summary>
public static class Backends
{
    /// <summary>Names in the order in which <c>auto</c> would prefer them, best first.</summary>
    public static IReadOnlyList<string> Available { get; } = ["reference"];

    /// <summary>The environment variable that names the backend when no option does.</summary>
    public const string EnvironmentVariable = "PTAKERNELS_BACKEND";

    /// <summary>Opens a backend by name; <c>auto</c> or null takes <see cref="EnvironmentVariable"/>, then the best available.</summary>
    /// <exception cref="ArgumentException">The name is not available here.</exception>
    public static IKernelBackend Open(string? name)
    {
        string asked = name is null or "auto" ? Environment.GetEnvironmentVariable(EnvironmentVariable) ?? "auto" : name;
        return asked switch
        {
            "auto" or "reference" => new ReferenceBackend(),
            _ => throw new ArgumentException($"backend '{asked}' is not available; use {string.Join(", ", Available)} or auto."),
        };
    }
}
