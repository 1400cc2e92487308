using System.Reflection;

namespace PtaKernels.Gpu;

/// <summary>One kernel: a method and what is said beside it.</summary>
internal sealed record KernelEntry(MethodInfo Method, GpuKernelAttribute Shape)
{
    /// <summary>Class and method, as files and reports name it: <c>WavefrontKernel.Run</c>.</summary>
    public string Name => $"{Method.DeclaringType!.Name}.{Method.Name}";
}

/// <summary>Every kernel of this assembly.</summary>
internal static class KernelCatalog
{
    /// <summary>All kernels, by name.</summary>
    public static IReadOnlyList<KernelEntry> All { get; } =
        [.. typeof(KernelCatalog).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(static method => method.IsDefined(typeof(GpuKernelAttribute)))
            .Select(static method => new KernelEntry(method, method.GetCustomAttribute<GpuKernelAttribute>()!))
            .OrderBy(static kernel => kernel.Name, StringComparer.Ordinal)];

    /// <summary>The entry of a method.</summary>
    /// <exception cref="ArgumentException">The method is no kernel.</exception>
    public static KernelEntry Of(MethodInfo method) =>
        All.FirstOrDefault(kernel => kernel.Method == method) ?? throw new ArgumentException($"{method.DeclaringType?.Name}.{method.Name} is not marked as a kernel.");
}
