namespace PtaKernels.Pipeline.Planning;

/// <summary>Devices by name, with the rate that their maker states for dense bfloat16 (V100: float16) matrix products: never measured here.</summary>
internal static class DeviceKinds
{
    private static readonly Dictionary<string, double> Stated = new(StringComparer.OrdinalIgnoreCase)
    {
        ["v100"] = 125e12,
        ["a100"] = 312e12,
        ["l40s"] = 362e12,
        ["h100"] = 989e12,
        ["h200"] = 989e12,
    };

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => Stated.Keys;

    /// <summary>Operations per second.</summary>
    /// <exception cref="ArgumentException">No such device.</exception>
    public static double RateOf(string name) => Stated.TryGetValue(name, out double rate)
        ? rate
        : throw new ArgumentException($"--device '{name}' is not known; give one of {string.Join(", ", Names)}, or its rate with --device-flops.");
}
